/* runhook/version.h -- versions of header and library */
#ifndef RUNHOOK_VERSION_H_
#define RUNHOOK_VERSION_H_

#include "runhook/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RUNHOOK_VERSION_MAJOR 1
#define RUNHOOK_VERSION_MINOR 0
#define RUNHOOK_VERSION_PATCH 0
/* The header's version as one number: major * 10000 + minor * 100 + patch. */
#define RUNHOOK_VERSION (RUNHOOK_VERSION_MAJOR * 10000 + RUNHOOK_VERSION_MINOR * 100 + RUNHOOK_VERSION_PATCH)

/**
 * Returns the library's version, in the form of RUNHOOK_VERSION.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_version(void);

/**
 * Returns the library's version as text, e.g. "1.0.0".
 *
 * \returns borrowed; lives for ever.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API const char* runhook_version_string(void);

/**
 * Checks that the library can serve a caller that was built with a header of this version. Bindings call it when they
 * load.
 *
 * \param header_version RUNHOOK_VERSION of the caller.
 * \returns RUNHOOK_ERR_UNIMPLEMENTED, with both versions in the message, if the major version differs or the header's
 *   minor version is newer. Patch levels do not matter: any two fit together.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_check_version(int32_t header_version, runhook_error** error);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_VERSION_H_ */
