/* runhook/export.h -- how a symbol of runhook is seen from outside. */
#ifndef RUNHOOK_EXPORT_H_
#define RUNHOOK_EXPORT_H_

#if defined(RUNHOOK_STATIC)
#define RUNHOOK_API
#elif defined(_WIN32)
#if defined(RUNHOOK_BUILDING)
#define RUNHOOK_API __declspec(dllexport)
#else
#define RUNHOOK_API __declspec(dllimport)
#endif
#elif defined(__GNUC__)
#define RUNHOOK_API __attribute__((visibility("default")))
#else
#define RUNHOOK_API
#endif

#endif /* RUNHOOK_EXPORT_H_ */
