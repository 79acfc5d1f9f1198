/*
 * date.c - HTTP dates without strftime, whose names follow the locale.
 */
#include "http/date.h"

#include <stdio.h>
#include <time.h>

#include "base/clock.h"

void date_format(int64_t unix_seconds, char out[HTTP_DATE_LEN + 1])
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct tm tm;
    time_t when = (time_t)unix_seconds;
    gmtime_r(&when, &tm);
    char text[80];
    snprintf(text, sizeof(text), "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", days + 3 * tm.tm_wday,
             tm.tm_mday, months + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
             tm.tm_sec);
    snprintf(out, HTTP_DATE_LEN + 1, "%.29s", text);
}

const char *date_now(http_date *date, uint64_t now_ms)
{
    if (now_ms >= date->until_ms) {
        int64_t wall_ms = clock_wall_ms();
        date_format(wall_ms / 1000, date->text);
        date->until_ms = now_ms + 1000 - (uint64_t)(wall_ms % 1000);
    }
    return date->text;
}
