/* What an index takes of a tensor, axis by axis: shared by reading (index.c), writing (update.c),
 * and several axes walked by one index (places.c). */
#ifndef MDL_FRONTEND_INDEX_H
#define MDL_FRONTEND_INDEX_H

#include "frontend/sema.h"

typedef enum MdlPickKind {
  MDL_PICK_all,    /* : */
  MDL_PICK_range,  /* known bounds: 2:5, ::2, and a single 3 that drops its axis */
  MDL_PICK_one,    /* a run-time scalar; drops its axis */
  MDL_PICK_list,   /* an integer tensor: its axes stand where this one was */
  MDL_PICK_window, /* i:i+K */
  MDL_PICK_new     /* no axis of the tensor: one of length 1 more */
} MdlPickKind;

typedef struct MdlPick {
  MdlPickKind kind;
  bool drop;                    /* range: a single element */
  const MdlSize *start, *limit; /* range */
  int64_t step;                 /* range */
  MdlCore *index;               /* one, list, window */
  const MdlSize *length;        /* window, range: of the result */
  MdlSpan at;
} MdlPick;

enum { MDL_MAX_PICKS = 3 * MDL_MAX_RANK };

/* One pick an axis of `x`, and the new ones between; how many, or -1 after a report. */
int mdl_picks_read(MdlSema *s, const MdlType *x, const MdlIndex *index, int indices, MdlSpan at,
                   MdlPick *pick);

/* Several axes of x as one, P, and the places in it: x[.., P, ..] and index[..], whose axes are
 * those of the lists, which walk together, and one for every range, window and whole axis between
 * the first and the last axis that is picked from. */
typedef struct MdlPlaces {
  MdlCore *x, *index;
  int axis;      /* P */
  int lists;     /* axes of the lists */
  bool in_front; /* these go to the front of x[index], past the `axis` axes before P */
} MdlPlaces;

/* The lists' axes stand where the lists do if these are neighbours (a scalar between them does not
 * count), else before all others, as in NumPy. */
bool mdl_lists_adjoin(int items, const MdlPick *pick);

/* One pick an axis, none new; one that drops its axis has length 1 there. `drops`: a place out of
 * range becomes -1, which scatters drop; else it moves to the nearest. `in_front`: the lists are no
 * neighbours. False after a report. */
bool mdl_places_join(MdlSema *s, MdlCore *x, const MdlPick *pick, bool drops, bool in_front,
                     MdlSpan at, MdlPlaces *places);
/* Of a value gathered at the places: the axes as the language has them; of one to be put there:
 * back. */
MdlCore *mdl_places_out(MdlSema *s, const MdlPlaces *places, MdlCore *gathered);
MdlCore *mdl_places_in(MdlSema *s, const MdlPlaces *places, MdlCore *v);
/* The type of x[index] as the language has it. */
MdlType mdl_places_type(const MdlPlaces *places);

#endif
