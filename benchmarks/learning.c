/* Tabular Q-learning as a plain C loop: what benchmarks/learning.py is measured against.
 *
 * A model is a table of `width` rows per state and action: cumulative probability, next state,
 * reward, ends. Random numbers are xoshiro256++ (Blackman and Vigna 2019). Values only: no visit
 * counts, no returns, no check for overflow.
 */
#include <stddef.h>
#include <stdint.h>

typedef struct {
    int64_t n_states, n_actions, width, start, limit;
    const double *cumulative, *reward;
    const int32_t *next;
    const uint8_t *ends;
} model;

typedef struct {
    uint64_t random[4];
    int64_t state, length;
} agent;

static inline uint64_t rotate(uint64_t x, int k) { return x << k | x >> (64 - k); }

static inline double uniform(uint64_t s[4]) {
    uint64_t result = rotate(s[0] + s[3], 23) + s[0], t = s[1] << 17;
    s[2] ^= s[0]; s[3] ^= s[1]; s[1] ^= s[2]; s[0] ^= s[3]; s[2] ^= t; s[3] = rotate(s[3], 45);
    return (double)(int64_t)(result >> 11) * 0x1p-53;
}

static inline int64_t choose(const double *row, int64_t n_actions, double epsilon, uint64_t s[4]) {
    if (uniform(s) < epsilon) return (int64_t)(uniform(s) * (double)n_actions);
    double best = row[0];
    int64_t action = 0, ties = 1;
    for (int64_t b = 1; b < n_actions; b++) {
        if (row[b] > best) { best = row[b]; action = b; ties = 1; }
        else if (row[b] == best) ties++;
    }
    if (ties > 1)
        for (int64_t rank = (int64_t)(uniform(s) * (double)ties); rank > 0;)
            if (row[++action] == best) rank--;
    return action;
}

static inline size_t draw(const model *m, int64_t state, int64_t action, uint64_t s[4]) {
    size_t row = (size_t)((state * m->n_actions + action) * m->width);
    if (m->width > 1)
        for (double u = uniform(s); u >= m->cumulative[row];) row++;
    return row;
}

static inline void step(const model *m, double *q, double gamma, double epsilon, double alpha,
                        agent *a) {
    double *values = q + a->state * m->n_actions;
    int64_t action = choose(values, m->n_actions, epsilon, a->random);
    size_t row = draw(m, a->state, action, a->random);
    double target = m->reward[row];
    if (!m->ends[row]) {
        const double *ahead = q + m->next[row] * m->n_actions;
        double best = ahead[0];
        for (int64_t b = 1; b < m->n_actions; b++) best = ahead[b] > best ? ahead[b] : best;
        target += gamma * best;
    }
    values[action] += alpha * (target - values[action]);
    a->state = m->next[row];
    if (m->ends[row] || ++a->length == m->limit) { a->state = m->start; a->length = 0; }
}

/* One agent; q is (S, A). */
void one(const model *m, double *q, double gamma, double epsilon, double alpha, int64_t steps,
         agent *given) {
    agent a = *given;
    for (int64_t n = 0; n < steps; n++) step(m, q, gamma, epsilon, alpha, &a);
    *given = a;
}

/* Eight agents in turn, so that one's waiting is another's work; q is (8, S, A). */
void eight(const model *m, double *q, double gamma, double epsilon, double alpha, int64_t steps,
           agent *given) {
    agent a[8];
    for (int k = 0; k < 8; k++) a[k] = given[k];
    for (int64_t n = 0; n < steps; n++)
        for (int k = 0; k < 8; k++)
            step(m, q + k * m->n_states * m->n_actions, gamma, epsilon, alpha, &a[k]);
    for (int k = 0; k < 8; k++) given[k] = a[k];
}

/* Sixty-four gammas from one uniformly random stream; q is (S, A, 64). */
#define G 64
#define GAMMAS(A)                                                                                \
    void gammas##A(const model *m, double *q, const double *restrict gamma, double alpha,        \
                   int64_t steps, agent *given) {                                                \
        agent a = *given;                                                                        \
        double target[G];                                                                        \
        for (int64_t n = 0; n < steps; n++) {                                                    \
            int64_t action = (int64_t)(uniform(a.random) * A);                                   \
            size_t row = draw(m, a.state, action, a.random);                                     \
            double reward = m->reward[row], onward = m->ends[row] ? 0.0 : 1.0;                   \
            const double *ahead = q + m->next[row] * A * G;                                      \
            for (int g = 0; g < G; g++) {                                                        \
                double best = ahead[g];                                                          \
                _Pragma("GCC unroll 8") for (int b = 1; b < A; b++)                              \
                    best = ahead[b * G + g] > best ? ahead[b * G + g] : best;                    \
                target[g] = reward + onward * gamma[g] * best;                                   \
            }                                                                                    \
            double *values = q + (a.state * A + action) * G;                                     \
            for (int g = 0; g < G; g++) values[g] += alpha * (target[g] - values[g]);            \
            a.state = m->next[row];                                                              \
            if (m->ends[row] || ++a.length == m->limit) { a.state = m->start; a.length = 0; }    \
        }                                                                                        \
        *given = a;                                                                              \
    }
GAMMAS(2)
GAMMAS(4)
GAMMAS(6)
