/* A disk that says it could not keep what was written: loaded before the C
 * library, syncs fail as long as the files that the environment names are there.
 *
 * FDATASYNC_FAILS: what is written to a file; FSYNC_FAILS: a whole file or folder.
 * FDATASYNC_FAILS_ONCE goes away with the first that fails. As Linux does it, the
 * error is then told once by each handle of a file (errseq_t). */

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HANDLES 1024

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int errors;
static int told[HANDLES];

static int fails(const char *variable)
{
    const char *file = getenv(variable);
    if (file == NULL || access(file, F_OK) != 0)
        return 0;
    errno = EIO;
    return 1;
}

static int has_news(int file)
{
    const char *once = getenv("FDATASYNC_FAILS_ONCE");
    int is_news = 0;
    pthread_mutex_lock(&lock);
    if (once != NULL && unlink(once) == 0)
        errors += 1;
    if (file >= 0 && file < HANDLES) {
        is_news = told[file] != errors;
        told[file] = errors;
    }
    pthread_mutex_unlock(&lock);
    if (is_news)
        errno = EIO;
    return is_news;
}

int fdatasync(int file)
{
    if (has_news(file) || fails("FDATASYNC_FAILS"))
        return -1;
    return (int)syscall(SYS_fdatasync, file);
}

int fsync(int file)
{
    return fails("FSYNC_FAILS") ? -1 : (int)syscall(SYS_fsync, file);
}
