/* Preloaded into the processes of a chaos run.
 *
 * SLOW_DISK names a file that holds milliseconds: each fsync waits so long first.
 * CLOCK_OFF is a number of seconds by which the wall clock is off; monotonic time stays true, as on a real machine.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static void wait_first(void)
{
    const char *path = getenv("SLOW_DISK");
    char text[16] = {0};
    int file;

    if (path == NULL || (file = open(path, O_RDONLY | O_CLOEXEC)) < 0)
        return;
    if (read(file, text, sizeof text - 1) > 0 && atoi(text) > 0)
        usleep((useconds_t)atoi(text) * 1000);
    close(file);
}

int fsync(int file)
{
    wait_first();
    return (int)syscall(SYS_fsync, file);
}

int fdatasync(int file)
{
    wait_first();
    return (int)syscall(SYS_fdatasync, file);
}

static time_t off(void)
{
    const char *text = getenv("CLOCK_OFF");
    return text == NULL ? 0 : (time_t)atol(text);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int failed = (int)syscall(SYS_clock_gettime, clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += off();
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    int failed = (int)syscall(SYS_gettimeofday, now, zone);
    if (!failed && now != NULL)
        now->tv_sec += off();
    return failed;
}

time_t time(time_t *where)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (where != NULL)
        *where = now.tv_sec;
    return now.tv_sec;
}
