/* Intrinsics of device code. One that is not here is a compile error with its name. */
#ifndef EMU_DEVICE_H
#define EMU_DEVICE_H

#include "emu_calls.h"

#include <cmath>
#include <cstring>

constexpr int warpSize = 32;

/* ---- barriers and warps ---- */

static inline void __syncthreads(int line = __builtin_LINE()) { emu_barrier(line); }

static inline void __syncwarp(unsigned mask = ~0u, int line = __builtin_LINE())
{
  emu_warp(mask, nullptr, 0, line);
}

/* The value of lane `from`, or the own one where that lane takes no part. */
template <class T> static inline T emu_shuffle(unsigned mask, T value, int from, int line)
{
  emu_warp(mask, &value, sizeof value, line);
  if (from >= 0 && from < 32 && (emu_lanes() >> from & 1))
    std::memcpy(&value, emu_lane(from), sizeof value);
  return value;
}

template <class T>
static inline T __shfl_sync(unsigned mask, T v, int from, int width = 32,
                            int line = __builtin_LINE())
{
  return emu_shuffle(mask, v, (emu_lane_id() & ~(width - 1)) + (from & (width - 1)), line);
}

template <class T>
static inline T __shfl_xor_sync(unsigned mask, T v, int bits, int width = 32,
                                int line = __builtin_LINE())
{
  const int lane = emu_lane_id(), from = lane ^ bits;
  return emu_shuffle(mask, v, (from & ~(width - 1)) <= (lane & ~(width - 1)) ? from : lane, line);
}

template <class T>
static inline T __shfl_down_sync(unsigned mask, T v, int by, int width = 32,
                                 int line = __builtin_LINE())
{
  const int lane = emu_lane_id();
  return emu_shuffle(mask, v, (lane & (width - 1)) + by < width ? lane + by : lane, line);
}

template <class T>
static inline T __shfl_up_sync(unsigned mask, T v, int by, int width = 32,
                               int line = __builtin_LINE())
{
  const int lane = emu_lane_id();
  return emu_shuffle(mask, v, (lane & (width - 1)) - by >= 0 ? lane - by : lane, line);
}

static inline unsigned __ballot_sync(unsigned mask, int predicate, int line = __builtin_LINE())
{
  const unsigned char own = predicate != 0;
  emu_warp(mask, &own, 1, line);
  unsigned votes = 0;
  for (int i = 0; i < 32; i++)
    if ((mask & emu_lanes()) >> i & 1) votes |= (unsigned)*(const unsigned char *)emu_lane(i) << i;
  return votes;
}

static inline int __any_sync(unsigned mask, int predicate, int line = __builtin_LINE())
{
  return __ballot_sync(mask, predicate, line) != 0;
}

static inline int __all_sync(unsigned mask, int predicate, int line = __builtin_LINE())
{
  return __ballot_sync(mask, !predicate, line) == 0;
}

/* ---- atomics: real ones, so that the race checker can tell them from plain accesses ---- */

template <class T, class F> static inline T emu_atomic(T *p, F next)
{
  T old, wanted;
  __atomic_load(p, &old, __ATOMIC_RELAXED);
  do wanted = next(old);
  while (!__atomic_compare_exchange(p, &old, &wanted, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
  return old;
}

template <class T> static inline T atomicAdd(T *p, T v)
{
  return emu_atomic(p, [v](T o) { return (T)(o + v); });
}
template <class T> static inline T atomicMax(T *p, T v)
{
  return emu_atomic(p, [v](T o) { return o < v ? v : o; });
}
template <class T> static inline T atomicMin(T *p, T v)
{
  return emu_atomic(p, [v](T o) { return v < o ? v : o; });
}
template <class T> static inline T atomicOr(T *p, T v)
{
  return emu_atomic(p, [v](T o) { return (T)(o | v); });
}
template <class T> static inline T atomicExch(T *p, T v)
{
  return emu_atomic(p, [v](T) { return v; });
}
template <class T> static inline T atomicCAS(T *p, T was, T v)
{
  return emu_atomic(p, [was, v](T o) { return o == was ? v : o; });
}
static inline void __threadfence() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

/* ---- arithmetic ---- */

template <class T> static inline T __ldg(const T *p) { return *p; }

template <class To, class From> static inline To emu_bits(From from)
{
  To to;
  static_assert(sizeof to == sizeof from, "as many bits");
  std::memcpy(&to, &from, sizeof to);
  return to;
}
static inline unsigned __float_as_uint(float v) { return emu_bits<unsigned>(v); }
static inline float __uint_as_float(unsigned v) { return emu_bits<float>(v); }
static inline int __float_as_int(float v) { return emu_bits<int>(v); }
static inline float __int_as_float(int v) { return emu_bits<float>(v); }
static inline long long __double_as_longlong(double v) { return emu_bits<long long>(v); }
static inline double __longlong_as_double(long long v) { return emu_bits<double>(v); }
static inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }
static inline int __popc(unsigned v) { return __builtin_popcount(v); }
static inline int __clz(int v) { return v ? __builtin_clz((unsigned)v) : 32; }
static inline int __popcll(unsigned long long v) { return __builtin_popcountll(v); }
static inline int __clzll(long long v) { return v ? __builtin_clzll((unsigned long long)v) : 64; }
static inline unsigned __umulhi(unsigned a, unsigned b)
{
  return (unsigned)((uint64_t)a * b >> 32);
}
static inline size_t __cvta_generic_to_shared(const void *p) { return emu_shared_address(p); }

/* Macros: the C library has functions of these names. */
#define __expf expf
#define __logf logf
#define __sinf sinf
#define __cosf cosf
#define __powf powf

#endif
