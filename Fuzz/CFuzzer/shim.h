#ifndef CFUZZER_SHIM_H
#define CFUZZER_SHIM_H

#include <stddef.h>
#include <stdint.h>

// libFuzzer's entry for programs with a main of their own (FuzzerInterface.h of LLVM's compiler-rt).
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *octets, size_t count));

#endif
