/* Before grouping, for a GPU: ops that would leave most of it idle, said in ops that do not. */
#ifndef MDL_PASSES_GPU_SPLIT_H
#define MDL_PASSES_GPU_SPLIT_H

#include "ir/ir.h"

/* Long reductions in two passes, products with long contractions and few results too, in loops and
 * branches as well. */
void mdl_gpu_split_long(MdlIr *ir, MlirBlock block);
/* Its steps for products (gpu_split_dot.c): those with a vector become reductions; the others, once
 * reductions are split, sums of products of parts. */
void mdl_gpu_split_narrow(MdlIr *ir, MlirBlock block);
void mdl_gpu_split_steps(MdlIr *ir, MlirBlock block);
/* argmax and argmin become reductions (gpu_split_arg.c), in all regions; those of few long lines once
 * reductions are split, since theirs are of parts already. */
void mdl_gpu_split_args(MdlIr *ir, MlirBlock block);
void mdl_gpu_search_args(MdlIr *ir, MlirBlock block);
/* Scans of few long lines (gpu_split_scan.c), once reductions are split too. */
void mdl_gpu_split_scans(MdlIr *ir, MlirBlock block);
/* Convolutions with many channels and few results become grouped ones, and a sum over the groups
 * (gpu_split_conv.c). */
void mdl_gpu_split_convs(MdlIr *ir, MlirBlock block);
/* Updates of few places become reductions (gpu_split_scatter.c). */
void mdl_gpu_split_scatters(MdlIr *ir, MlirBlock block);

/* What an axis of free size may come to, and what a size may. */
enum { MDL_SPLIT_FREE = 1 << 30 };
int64_t mdl_split_most(const MdlSize *size);
/* ... of two: never more than that. */
int64_t mdl_split_product(int64_t a, int64_t b);
/* Elements of one part of a long axis, where `kept` points are few: a block has a part, or a thread
 * has (`by_thread`); 0: no gain. `all`, `most_kept`: what they may come to. */
int64_t mdl_split_elements(bool by_thread, int64_t all, int64_t kept, int64_t most_kept);
/* Products whose tiles, counted as 64 by 64, would not fill the grid are made in parts. */
enum {
  MDL_SPLIT_TILE = 64,
  MDL_SPLIT_TILES = 256,      /* fill the grid */
  MDL_SPLIT_MOST_TILES = 108, /* more of them do without parts */
  MDL_SPLIT_NARROW = 12,      /* rows or columns, of which tiles would be mostly empty */
  MDL_SPLIT_PART = 256        /* contracted steps of a part, at least */
};
int64_t mdl_split_tiles(int64_t rows, int64_t columns);
/* `with` in place of the op's result, under its name. */
void mdl_split_replace(MdlIr *ir, MlirOperation op, MlirValue with);

/* The axis padded behind its end to `whole`, in name only: readers that know `mdl.parts` on the pad
 * stop where there is nothing. */
MlirValue mdl_split_pad(MdlBuilder *b, MlirValue from, int axis, const MdlSize *whole,
                        MlirValue neutral);

/* Parts of a product of half floats are added up in f32: the product is one of operands made f32, and
 * notes what they were (`mdl.halves`), for tensor cores to know. Other types stay as they are. */
MlirValue mdl_split_widened(MdlBuilder *b, MlirValue half);
void mdl_split_note_halves(MdlIr *ir, MlirOperation product, MdlDtype dtype);

/* An axis as two: [.., parts, part, ..], or [.., part, parts, ..], padded behind its end. */
typedef struct MdlSplitView {
  int axis;
  const MdlSize *parts;
  int64_t part;
  bool parts_last;
  MlirValue neutral; /* what it is padded with */
} MdlSplitView;
MlirValue mdl_split_view(MdlBuilder *b, MlirValue from, const MdlSplitView *view);
/* x for a second reader: maps that nobody else reads are made once more, which costs less than to
 * keep what they make. Before the second one is built. */
MlirValue mdl_split_again(MdlBuilder *b, MlirValue x);

#endif
