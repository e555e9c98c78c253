/* SPDX-License-Identifier: BSD-3-Clause */
/* latency_graph - LATENCY GRAPH: samples as columns, the oldest to the left.
 *
 *     command - high 500 ms, low 101 ms (all time high 500 ms)
 *     --------------------------------------------------------
 *        #_
 *       _||
 *      _|||
 *     _||||
 *
 *     11186
 *     542ss
 *     sss
 *
 * Below each column stands how long ago it was, read downwards. */
#include "server.h"

#include "commands.h"
#include "page.h"

#include <inttypes.h>
#include <stdio.h>

#define COLUMNS 80
#define ROWS    4
#define STEPS   (ROWS * 3) /* each cell is drawn as '_', '-' or '#' */
#define AGE_MAX 8          /* letters of an age */

struct graph {
    uint32_t count;
    const struct latency_sample *samples[COLUMNS];
    char ages[COLUMNS][AGE_MAX];
    int64_t low, high; /* ms */
};

/* "42s", "17m", "5h", "3d". */
static void graph_age(char age[AGE_MAX], int64_t seconds)
{
    static const struct {
        int64_t seconds;
        char unit;
    } units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
    size_t u = 0;

    if (seconds < 0)
        seconds = 0;
    while (u + 1 < KR_COUNT(units) && seconds < units[u].seconds)
        u++;
    seconds /= units[u].seconds;
    snprintf(age, AGE_MAX, "%d%c", (int)(seconds < 99999 ? seconds : 99999),
             units[u].unit);
}

static void graph_gather(struct graph *graph, const struct latency_event *e)
{
    int64_t now_sec = kr_loop->wall_ms() / 1000;

    graph->count = 0;
    graph->low = INT64_MAX;
    graph->high = 0;
    for (uint32_t i = LATENCY_SAMPLES - COLUMNS; i < LATENCY_SAMPLES; i++) {
        const struct latency_sample *sample = latency_sample(e, i);

        if (sample->time_sec == 0)
            continue;
        graph_age(graph->ages[graph->count], now_sec - sample->time_sec);
        graph->samples[graph->count++] = sample;
        if (sample->ms < graph->low)
            graph->low = sample->ms;
        if (sample->ms > graph->high)
            graph->high = sample->ms;
    }
}

/* The letter of a column at `row`, counted from below. */
static char graph_cell(const struct graph *graph, uint32_t column, int row)
{
    static const char tops[] = "_-#";
    int64_t range = graph->high - graph->low;
    int64_t above = graph->samples[column]->ms - graph->low;
    int step =
        range > 0 ? (int)((double)above * (STEPS - 1) / (double)range) : 0;

    if (step / 3 == row)
        return tops[step % 3];
    return step / 3 > row ? '|' : ' ';
}

/* Line `line` of the ages; false when none of them is so long. */
static bool graph_draw_ages(struct page *page, const struct graph *graph,
                            size_t line)
{
    size_t start = page->size;
    bool any = false;

    for (uint32_t i = 0; i < graph->count; i++) {
        bool letter = strlen(graph->ages[i]) > line;

        page_add_char(page, letter ? graph->ages[i][line] : ' ');
        any = any || letter;
    }
    page_add_char(page, '\n');
    if (!any)
        page->size = start;
    return any;
}

static void graph_draw(struct page *page, const struct graph *graph)
{
    for (int row = ROWS - 1; row >= 0; row--) {
        for (uint32_t i = 0; i < graph->count; i++)
            page_add_char(page, graph_cell(graph, i, row));
        page_add_char(page, '\n');
    }
    page_add_char(page, '\n');
    for (size_t line = 0; graph_draw_ages(page, graph, line); line++)
        continue;
}

void server_latency_graph(struct kr_call *call)
{
    struct server *server = server_of(call);
    const struct latency_event *e = latency_find(server, call->argv[2]);
    struct page page = {.self = server->self};
    struct graph graph;

    if (!e) {
        kr_reply_errorf(
            call->reply, "ERR No samples available for event '%.*s'",
            (int)(call->argv[2].size < 512 ? call->argv[2].size : 512),
            call->argv[2].size > 0 ? call->argv[2].data : "");
        return;
    }
    graph_gather(&graph, e);
    page_addf(&page,
              "%s - high %" PRId64 " ms, low %" PRId64
              " ms (all time high %" PRId64 " ms)\n",
              e->name, graph.high, graph.low, e->worst_ms);
    for (int i = 0; i < COLUMNS; i++)
        page_add_char(&page, '-');
    page_add_char(&page, '\n');
    graph_draw(&page, &graph);
    call->reply->ops->verbatim(call->reply, "txt", page_text(&page));
    page_free(&page);
}
