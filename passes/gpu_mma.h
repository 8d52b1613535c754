/* The engine of tensor cores: what its parts share. A slab is a piece of both operands, MDL_MMA_STEPS
 * long; it lies in shared memory in one of a few slots, as lines of 32-bit words that hold two
 * halves each. Lines run along the steps (one a row or column) or along the side (one a step), as
 * the operand does in memory. A line is cut into chunks of 16 bytes, which are swapped within it by
 * the line's number: what a warp reads at once, eight lines' chunks of one number, lies in different
 * banks. */
#ifndef MDL_PASSES_GPU_MMA_H
#define MDL_PASSES_GPU_MMA_H

#include "passes/gpu_tiles.h"

enum {
  MDL_MMA_STEPS = 32,   /* of a slab: two of the instruction's */
  MDL_MMA_CHUNK = 4,    /* words */
  MDL_MMA_CELLS = 8,    /* halves in a chunk */
  MDL_MMA_PIECES = 2,   /* most chunks that a thread brings of a slab */
  MDL_MMA_FRAGMENT = 16 /* rows or columns, and steps, of what ldmatrix_x4 reads */
};

/* A side's slabs: how they are brought, and how fragments are read from them. */
typedef struct MdlMmaSlab {
  MdlTileSource source;
  bool is_async; /* chunk by chunk, as it lies in memory; else through registers */
  int lines, words, pieces, apart; /* a thread brings `pieces` chunks, `apart` lines from each other */
  MlirValue line, chunk;           /* the first of them */
  MlirValue to;                    /* its word in a slot */
  MlirValue memory, next;          /* next: a thread's chunks on their way through registers */
  MdlTileLine found[MDL_MMA_PIECES]; /* where the operand is read */
  MlirValue along;                   /* the piece's row or column in the product */
  /* fragments */
  int fragments;
  MlirValue read_line, read_chunk, read_swap, registers;
} MdlMmaSlab;

typedef struct MdlMma {
  MdlMmaSlab slab[2];
  int slots;
  MlirValue lane, warp[2]; /* warp: its place in the tile, in warps */
  MlirValue sum;
} MdlMma;

void mdl_mma_open_slab(MdlGpuTiles *t, MdlMma *m, int side);
/* For the tile at t->origin. */
void mdl_mma_place_slab(MdlGpuTiles *t, MdlMmaSlab *s);
/* The slab from step `first` on: on its way into a slot, or into registers, from which
 * mdl_mma_put brings it there. */
void mdl_mma_fetch(MdlGpuTiles *t, MdlMmaSlab *s, MlirValue first, MlirValue slot);
void mdl_mma_put(MdlGpuTiles *t, MdlMmaSlab *s, MlirValue slot);

/* ---- small things ------------------------------------------------------------------------ */

MlirValue mdl_mma_scaled(MdlGpuTiles *t, MlirValue x, int64_t by, MlirValue y); /* x*by + y */
MlirValue mdl_mma_split(MdlGpuTiles *t, MlirValue x, int64_t by, MlirValue *rest);
void mdl_mma_call(MdlGpuTiles *t, const char *function, int operands, const MlirValue *operand);
/* A chunk's first word in a slot: the chunk swapped by `swap`, which is that of the line. */
MlirValue mdl_mma_word(MdlGpuTiles *t, const MdlMmaSlab *s, MlirValue line, MlirValue chunk,
                       MlirValue swap);
/* What a line's chunks are swapped by. */
MlirValue mdl_mma_swap(MdlGpuTiles *t, const MdlMmaSlab *s, MlirValue line);

#endif
