/* What the program needs of its board. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

void board_print(const char *text);
/* Instructions so far; 0 for ever where nobody counts. */
uint32_t board_clock(void);

#endif
