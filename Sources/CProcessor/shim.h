// Used only by the target Bytes. An instruction that Swift has no name for, and whether the processor has it.
#ifndef SYNCSTREAMER_CPROCESSOR_H
#define SYNCSTREAMER_CPROCESSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)

#include <cpuid.h>

// SSE 4.2, which all processors since 2011 have, but not all that x86-64 stands for.
static inline bool shim_hasCRC32C(void) {
    unsigned int a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSE4_2);
}

// Goes on from a state, as the instruction has it: neither inverted before nor behind.
__attribute__((target("sse4.2"))) static inline uint32_t shim_crc32c(
    uint32_t state, const uint8_t *octets, size_t count) {
    uint64_t wide = state;
    for (; count >= 8; count -= 8, octets += 8) {
        uint64_t word;
        memcpy(&word, octets, 8);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    state = (uint32_t)wide;
    for (; count > 0; count--, octets++) {
        state = __builtin_ia32_crc32qi(state, *octets);
    }
    return state;
}

#else

static inline bool shim_hasCRC32C(void) {
    return false;
}

static inline uint32_t shim_crc32c(uint32_t state, const uint8_t *octets, size_t count) {
    return state;
}

#endif

#endif
