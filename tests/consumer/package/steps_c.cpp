// The same program as C++11 sees it.
#include "steps.c"
