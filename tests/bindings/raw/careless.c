/* Callbacks that do not say how they ended, and a dispatcher that takes a constant for success. */
#include <stddef.h>
#include <stdint.h>

typedef int32_t (*callback)(void* context, void* user_data, int32_t ok);

/* Good ones: as neighbours, they leave their success in the register of the result, as a compiler lays them out. */

int32_t good(void* context, void* user_data, int32_t ok) {
  (void)context, (void)user_data;
  return ok;
}

void discard(const void* record, void* user_data) { (void)record, (void)user_data; }

/* Careless ones. None of them can count its calls, which would change the register. */

/* Returns whatever is in the register of the result: what the function before it has returned, or what its caller has
 * computed there. */
#if defined(__ELF__) && (defined(__x86_64__) || defined(__aarch64__))
__asm__(
    ".text\n"
    ".globl bare_return\n"
    ".type bare_return, %function\n"
    "bare_return:\n"
    "ret\n");
int32_t bare_return(void* context, void* user_data, int32_t ok);
#else
int32_t bare_return(void* context, void* user_data, int32_t ok) {
  volatile int32_t left;
  (void)context, (void)user_data, (void)ok;
  return left;
}
#endif

/* What a forgotten return statement compiles to. */
int32_t forgotten_return(void* context, void* user_data, int32_t ok) { (void)context, (void)user_data, (void)ok; }

/* What is on the stack where an earlier callee has been. */
int32_t left_on_the_stack(void* context, void* user_data, int32_t ok) {
  volatile int32_t left[4];
  (void)context, (void)user_data, (void)ok;
  return left[0];
}

int32_t left_deep_on_the_stack(void* context, void* user_data, int32_t ok) {
  volatile int32_t left[64];
  (void)context, (void)user_data, (void)ok;
  return left[20];
}

/* A dispatcher for which success is a constant: what a callback leaves behind that has raised is then the success of
 * the callback before it. That the same callbacks get through here shows that the tests would see it there. */

enum { CONSTANT = 0x600D, MOST = 16 };

static callback before[MOST], after[MOST], step;
static int32_t before_count, after_count;
static int64_t completed;

void constant_clear(void) {
  before_count = after_count = 0;
  completed = 0;
  step = good;
}

void constant_add_before(callback function) { before[before_count++] = function; }
void constant_add_after(callback function) { after[after_count++] = function; }
void constant_set_step(callback function) { step = function; }

/* By a function, since the binding may throw instead of returning what constant_run() returns. */
int64_t constant_completed(void) { return completed; }

/* Returns 1 if no callback seems to have failed. */
int32_t constant_run(int64_t steps) {
  for (; steps > 0; --steps) {
    for (int32_t i = 0; i < before_count; ++i) {
      if (before[i](NULL, NULL, CONSTANT) != CONSTANT) return 0;
    }
    if (step(NULL, NULL, CONSTANT) != CONSTANT) return 0;
    for (int32_t i = 0; i < after_count; ++i) {
      if (after[i](NULL, NULL, CONSTANT) != CONSTANT) return 0;
    }
    ++completed;
  }
  return 1;
}
