/* A disk that says it could not keep what was written: loaded before the C
 * library, syncs fail as long as the files that the environment names are there.
 *
 * FDATASYNC_FAILS: what is written to a file; FSYNC_FAILS: a whole file or folder. */

#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int fails(const char *variable)
{
    const char *file = getenv(variable);
    if (file == NULL || access(file, F_OK) != 0)
        return 0;
    errno = EIO;
    return 1;
}

int fdatasync(int file)
{
    return fails("FDATASYNC_FAILS") ? -1 : (int)syscall(SYS_fdatasync, file);
}

int fsync(int file)
{
    return fails("FSYNC_FAILS") ? -1 : (int)syscall(SYS_fsync, file);
}
