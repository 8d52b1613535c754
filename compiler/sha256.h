/* SHA-256 (FIPS 180-4), for the manifest's digest of the source. */
#ifndef MDL_COMPILER_SHA256_H
#define MDL_COMPILER_SHA256_H

#include <stddef.h>

/* 64 hexadecimal digits and a 0. */
void mdl_sha256(const void *bytes, size_t length, char digits[65]);

#endif
