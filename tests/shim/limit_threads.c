/* A system that refuses threads. Loaded before the C library, a program has at most
 * as many threads besides its first as the file says that the environment variable
 * THREADS_LIMIT names; without the file, as many as it wants. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

typedef int create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

struct start {
    void *(*routine)(void *);
    void *argument;
};

static atomic_int alive;

static int limit(void)
{
    const char *name = getenv("THREADS_LIMIT");
    int most = INT_MAX;
    FILE *file = name == NULL ? NULL : fopen(name, "r");
    if (file != NULL) {
        if (fscanf(file, "%d", &most) != 1)
            most = INT_MAX;
        fclose(file);
    }
    return most;
}

static void *begin(void *given)
{
    struct start start = *(struct start *)given;
    free(given);
    void *result = start.routine(start.argument);
    atomic_fetch_sub(&alive, 1);
    return result;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*routine)(void *), void *argument)
{
    create *next = (create *)dlsym(RTLD_NEXT, "pthread_create");
    struct start *start = malloc(sizeof *start);
    int result = EAGAIN;
    if (start == NULL)
        return result;
    *start = (struct start){routine, argument};
    if (atomic_fetch_add(&alive, 1) < limit())
        result = next(thread, attributes, begin, start);
    if (result != 0) {
        atomic_fetch_sub(&alive, 1);
        free(start);
    }
    return result;
}
