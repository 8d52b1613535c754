#include "runtime/mdl.h"

#include <pthread.h>
#include <unistd.h>

enum { MOST_THREADS = 64 };

typedef struct {
  mdl_range *body;
  void *context;
  int64_t begin, end;
} work;

static void *run(void *argument) {
  work *w = (work *)argument;
  w->body(w->context, w->begin, w->end);
  return NULL;
}

/* The caller takes the last range, and any for which no thread could be had. */
void mdl_share_threads(int64_t count, mdl_range *body, void *context) {
  long processors = sysconf(_SC_NPROCESSORS_ONLN);
  int64_t n = processors < 1 ? 1 : processors > MOST_THREADS ? MOST_THREADS : processors;
  work part[MOST_THREADS];
  pthread_t thread[MOST_THREADS];
  int started[MOST_THREADS] = {0};
  int64_t i;
  if (n > count) n = count;
  for (i = 0; i < n; i++) {
    part[i].body = body;
    part[i].context = context;
    /* floor(count*i/n) without a product that could overflow */
    part[i].begin = count / n * i + count % n * i / n;
    part[i].end = count / n * (i + 1) + count % n * (i + 1) / n;
    if (i + 1 < n) started[i] = !pthread_create(&thread[i], NULL, run, &part[i]);
  }
  for (i = 0; i < n; i++)
    if (!started[i]) run(&part[i]);
  for (i = 0; i < n; i++)
    if (started[i]) pthread_join(thread[i], NULL);
}
