/* Which tile the engine for every type takes: the one that is done first, by a model of an A100. */
#include "passes/gpu_tiles.h"

/* `pace`: multiply-adds of a processor's 64 a cycle; the larger a thread's part, the fewer loads
 * from shared memory there are to each. */
typedef struct Shape {
  MdlTileShape tile;
  double pace;
} Shape;

static const Shape shapes[] = {
    {{{128, 128}, {8, 8}, 16}, 60}, {{{128, 64}, {8, 4}, 16}, 50}, {{{64, 128}, {4, 8}, 16}, 50},
    {{{64, 64}, {4, 4}, 16}, 40},   {{{32, 128}, {4, 4}, 16}, 38}, {{{128, 32}, {4, 4}, 16}, 38},
    {{{16, 256}, {4, 4}, 16}, 36},  {{{256, 16}, {4, 4}, 16}, 36}, {{{32, 32}, {2, 2}, 32}, 25},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };
enum { LEAST_STEPS = 16, LEAST_SIDE = 12 };
enum { PROCESSORS = 108 /* an A100's */, LATENCY = 600 /* cycles, of a load from memory */ };

/* Cycles of the grid: of a slab those that its sums take, or those until the next is there. */
static double cost(const MdlTileSides *s, const Shape *shape)
{
  const MdlTileShape *tile = &shape->tile;
  int64_t rounds = (mdl_tiles_count(s, tile) + PROCESSORS - 1) / PROCESSORS;
  int64_t slabs = (mdl_tiles_guess(s->step_extent) + tile->steps - 1) / tile->steps;
  double sums = (double)rounds * tile->side[0] * tile->side[1] * tile->steps / shape->pace;
  return (double)slabs * (sums > LATENCY ? sums : LATENCY);
}

MdlTileShape mdl_simt_shape(const MdlTileSides *s)
{
  MdlTileShape best = {.steps = 0};
  double least = 0;
  if (mdl_tiles_guess(s->step_extent) < LEAST_STEPS) return best;
  for (int i = 0; i < 2; i++)
    if (mdl_tiles_guess(s->extent[i]) < LEAST_SIDE) return best;
  for (int i = 0; i < SHAPES; i++) {
    Shape shape = shapes[i];
    bool wide = mdl_tiles_bytes(s) == 8; /* twice the registers and the shared memory */
    if (wide && shape.tile.each[0] + shape.tile.each[1] > 8) continue;
    if (wide) shape.tile.steps /= 2;
    double cycles = cost(s, &shape);
    if (best.steps && cycles >= least) continue;
    best = shape.tile;
    least = cycles;
  }
  return best;
}
