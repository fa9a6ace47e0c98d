/* A wall clock that can be set. Loaded before the C library, it is ahead by the
 * number of seconds in the file that the environment variable CLOCK_AHEAD names.
 * The monotonic clock is left alone. */

#include <stdlib.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long ahead(void)
{
    const char *name = getenv("CLOCK_AHEAD");
    long seconds = 0;
    FILE *file = name == NULL ? NULL : fopen(name, "r");
    if (file != NULL) {
        if (fscanf(file, "%ld", &seconds) != 1)
            seconds = 0;
        fclose(file);
    }
    return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    int result = (int)syscall(SYS_clock_gettime, clock, time);
    if (result == 0 && clock == CLOCK_REALTIME)
        time->tv_sec += ahead();
    return result;
}
