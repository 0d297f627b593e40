/* Repeated stretches: instructions that come again and again, each time with all of
   their operands moved on by the same amounts, are kept once and run as a loop. So the
   thousand time steps of a recurrent network take no more room than one, and stay in
   the cache nearest to the core. */

#include "program.h"

static int
operand_follows(const Operand *a, const Operand *b)
{
    return a->s0 == b->s0 && a->s1 == b->s1 && a->s2 == b->s2 && a->term == b->term &&
        (a->index == NULL) == (b->index == NULL);
}

/* Whether b is a with operands that lie elsewhere. */
static int
follows(const Instruction *a, const Instruction *b)
{
    int same = a->op == b->op && a->function == b->function && a->m2 == b->m2 &&
        a->m1 == b->m1 && a->m0 == b->m0 && a->terms == b->terms && a->kind == b->kind &&
        a->begin == b->begin && a->after == b->after && a->checked == b->checked &&
        a->relu == b->relu && a->operands == b->operands && a->from == b->from &&
        a->step == b->step && memcmp(&a->start, &b->start, sizeof a->start) == 0 &&
        operand_follows(&a->out, &b->out);
    for (int j = 0; same && j < a->operands; j++) {
        same = operand_follows(&a->x[j], &b->x[j]);
    }
    return same;
}

static Move
move_of(const Operand *a, const Operand *b)
{
    return (Move){b->base - a->base,
                  a->index == NULL ? 0 : (intptr_t)b->index - (intptr_t)a->index};
}

static Advance
advance_of(const Instruction *a, const Instruction *b)
{
    Advance by = {move_of(&a->out, &b->out), {{0, 0}}};
    for (int j = 0; j < a->operands; j++) {
        by.x[j] = move_of(&a->x[j], &b->x[j]);
    }
    return by;
}

static void
move(Operand *x, Move by, int64_t times)
{
    x->base += by.base * times;
    if (x->index != NULL) {
        x->index = (const int32_t *)((const char *)x->index + by.index * times);
    }
}

static void
advance(Instruction *p, const Advance *by, int64_t times)
{
    move(&p->out, by->out, times);
    for (int j = 0; j < p->operands; j++) {
        move(&p->x[j], by->x[j], times);
    }
}

/* How many instructions from p on are those of the period before, moved on as the
   second period was from the first. */
static int64_t
repeated(const Instruction *p, int64_t period, int64_t left)
{
    int64_t n = 0;
    for (; n + period < left && follows(p + n, p + n + period); n++) {
        if (n >= period) {
            const Advance a = advance_of(p + n - period, p + n);
            const Advance b = advance_of(p + n, p + n + period);
            if (memcmp(&a, &b, sizeof a) != 0) {
                break;
            }
        }
    }
    return n;
}

/* The stretch that begins at p: that of the period that covers most, or p alone. What is
   looked at here is passed over then, so that finding all of them is linear. */
static Stretch
stretch_at(const Instruction *p, int64_t left)
{
    Stretch best = {.period = 1, .count = 1};
    for (int64_t period = 1; period <= PERIOD && period < left; period++) {
        const int64_t count = repeated(p, period, left) / period + 1;
        if (count >= 4 && count * period > best.count * best.period) {
            best.period = period;
            best.count = count;
        }
    }
    return best.count * best.period < WORTH ? (Stretch){.period = 1, .count = 1} : best;
}

/* Fold the instructions between two places; those that are kept move to the front. */
static void
fold_between(Plan *plan, int64_t from, int64_t to)
{
    Instruction *all = plan->instructions;
    for (int64_t k = from; k < to;) {
        Stretch found = stretch_at(all + k, to - k);
        Stretch *last = plan->count > 0 ? &plan->stretches[plan->count - 1] : NULL;
        found.first = k;
        found.at = plan->kept;
        for (int64_t i = 0; found.count > 1 && i < found.period; i++) {
            const Instruction *p = all + k + i;
            plan->advances[found.at + i] = advance_of(p, p + found.period);
        }
        memmove(all + found.at, all + k, (size_t)found.period * sizeof *all);
        plan->kept += found.period;
        k += found.period * found.count;
        if (found.count == 1 && last != NULL && last->count == 1) {
            last->period++;
        }
        else {
            plan->stretches[plan->count++] = found;
        }
    }
}

/* Find what repeats in the n instructions of a plan, of which the first ``once`` are a
   part of their own. Returns the plan, which may have moved, or NULL with an exception,
   when it is gone. */
Plan *
stretches_fold(Plan *plan, int64_t once, int64_t n)
{
    plan->stretches = PyMem_Malloc((size_t)(n + 1) * sizeof *plan->stretches);
    plan->advances = PyMem_Malloc((size_t)(n + 1) * sizeof *plan->advances);
    if (plan->stretches == NULL || plan->advances == NULL) {
        stretches_free(plan);
        PyErr_NoMemory();
        return NULL;
    }
    fold_between(plan, 0, once);
    fold_between(plan, once, n);
    void *fits = PyMem_Realloc(
        plan->stretches, (size_t)(plan->count + 1) * sizeof *plan->stretches);
    plan->stretches = fits != NULL ? fits : plan->stretches;
    fits = PyMem_Realloc(
        plan->advances, (size_t)(plan->kept + 1) * sizeof *plan->advances);
    plan->advances = fits != NULL ? fits : plan->advances;
    fits = PyMem_Realloc(plan, offsetof(Plan, instructions) +
                                   (size_t)plan->kept * sizeof(Instruction));
    return fits != NULL ? fits : plan;
}

void
stretches_free(Plan *plan)
{
    PyMem_Free(plan->stretches);
    PyMem_Free(plan->advances);
    PyMem_Free(plan);
}

/* The packs from ``low`` to ``high`` of a stretch that repeats. */
static void
run_loop(const Kernels *kernels, const Plan *plan, const Stretch *stretch, int64_t low,
         int64_t high, const Run *run)
{
    Instruction now[PERIOD];
    const int64_t times = (low - stretch->first) / stretch->period;
    int64_t i = (low - stretch->first) % stretch->period;
    const Advance *by = plan->advances + stretch->at;
    memcpy(now, plan->instructions + stretch->at, (size_t)stretch->period * sizeof *now);
    for (int64_t j = 0; j < stretch->period; j++) {
        advance(&now[j], &by[j], times + (j < i));
    }
    for (int64_t k = low; k < high; k++) {
        kernels->run(&now[i], run);
        advance(&now[i], &by[i], 1);
        i = i + 1 < stretch->period ? i + 1 : 0;
    }
}

void
program_run_packs(const Program *program, const Plan *plan, int64_t from, int64_t to,
                  const Run *run)
{
    const Kernels *kernels = program->kernels;
    for (const Stretch *s = plan->stretches; s < plan->stretches + plan->count; s++) {
        const int64_t end = s->first + s->period * s->count;
        const int64_t low = from > s->first ? from : s->first, high = to < end ? to : end;
        if (s->count > 1 && low < high) {
            run_loop(kernels, plan, s, low, high, run);
            continue;
        }
        for (int64_t k = low; k < high; k++) {
            kernels->run(&plan->instructions[s->at + k - s->first], run);
        }
    }
}
