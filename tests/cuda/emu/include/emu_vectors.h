/* float2, float4 and the like. They are declared with the alignment of their elements, and check
 * 8 or 16 at every copy: with alignas the compiler would assume the alignment and drop the check,
 * and ASan would look at the wrong bytes of a misaligned access. */
#ifndef EMU_VECTORS_H
#define EMU_VECTORS_H

#include "emu_calls.h"

#define EMU_VECTOR2(V, T)                                                 \
  struct V {                                                              \
    T x, y;                                                               \
    V() = default;                                                        \
    V(T a, T b) : x(a), y(b) {}                                           \
    V(const V &o) : x(o.x), y(o.y) { emu_check_aligned(&o, sizeof o); }   \
    V &operator=(const V &o)                                              \
    {                                                                     \
      emu_check_aligned(&o, sizeof o), emu_check_aligned(this, sizeof o); \
      x = o.x, y = o.y;                                                   \
      return *this;                                                       \
    }                                                                     \
  };                                                                      \
  static inline V make_##V(T a, T b) { return V(a, b); }

#define EMU_VECTOR4(V, T)                                                               \
  struct V {                                                                            \
    T x, y, z, w;                                                                       \
    V() = default;                                                                      \
    V(T a, T b, T c, T d) : x(a), y(b), z(c), w(d) {}                                   \
    V(const V &o) : x(o.x), y(o.y), z(o.z), w(o.w) { emu_check_aligned(&o, sizeof o); } \
    V &operator=(const V &o)                                                            \
    {                                                                                   \
      emu_check_aligned(&o, sizeof o), emu_check_aligned(this, sizeof o);               \
      x = o.x, y = o.y, z = o.z, w = o.w;                                               \
      return *this;                                                                     \
    }                                                                                   \
  };                                                                                    \
  static inline V make_##V(T a, T b, T c, T d) { return V(a, b, c, d); }

EMU_VECTOR2(float2, float)
EMU_VECTOR2(double2, double)
EMU_VECTOR2(int2, int)
EMU_VECTOR2(uint2, unsigned)
EMU_VECTOR4(float4, float)
EMU_VECTOR4(int4, int)
EMU_VECTOR4(uint4, unsigned)

#endif
