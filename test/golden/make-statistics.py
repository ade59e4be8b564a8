"""Makes statistics.json anew: python3 test/golden/make-statistics.py (SciPy 1.17.1 with NumPy 2.4.6; 1.11 at least)."""
import itertools
import json
import pathlib

import numpy
import scipy
from scipy import stats

SEED = 20
draw = numpy.random.default_rng(SEED)
# Rounded, so that the samples in the file are exactly those that SciPy saw, and have ties.
a = [round(x, 2) for x in draw.normal(91.2, 0.4, 12)]
b = [round(x, 2) for x in draw.normal(90.8, 0.7, 12)]
c = [round(x, 1) for x in draw.normal(91.0, 0.3, 9)]
long_a = [round(x, 1) for x in draw.normal(0.3, 1.0, 80)]
long_b = [round(x, 1) for x in draw.normal(0.0, 1.5, 80)]
few_a, few_b = a[:5], b[:5]


def number(x):
    return float(x)


def t_result(result, difference):
    return {"t": number(result.statistic), "p": number(result.pvalue), "difference": number(difference)}


def signed_rank(x, y, **options):
    # SciPy reports the smaller rank sum for two-sided tests, R's V (the positive one) for one-sided ones.
    positive = stats.wilcoxon(x, y, alternative="greater", **options).statistic
    p = {kind: number(stats.wilcoxon(x, y, alternative=kind, **options).pvalue) for kind in kinds}
    return {"statistic": number(positive), "p": p}


def rank_sum(x, y, **options):
    p = {kind: number(stats.mannwhitneyu(x, y, alternative=kind, **options).pvalue) for kind in kinds}
    return {"statistic": number(stats.mannwhitneyu(x, y, **options).statistic), "p": p}


def permutation(x, y, statistic, permutation_type):
    p = {}
    for kind in kinds:
        result = stats.permutation_test(
            (x, y), statistic, permutation_type=permutation_type, n_resamples=numpy.inf, alternative=kind)
        p[kind] = number(result.pvalue)
    return {"statistic": number(result.statistic), "p": p}


def mean_difference(x, y):
    return numpy.mean(x) - numpy.mean(y)


def median_difference(x, y):
    return numpy.median(x) - numpy.median(y)


def bootstrap(x, statistic, method):
    # numpy.random.default_rng, 200,000 resamples: the interval's ends are then known to about three digits.
    result = stats.bootstrap((x,), statistic, n_resamples=200_000, batch=2000, method=method,
                             vectorized=True, random_state=numpy.random.default_rng(SEED))
    interval = result.confidence_interval
    return [number(interval.low), number(interval.high)]


kinds = ["two-sided", "less", "greater"]
ties_free = [x + 0.001 * i for i, x in enumerate(a)]
normal_points = [-37.0, -8.3, -1.96, 0.0, 0.5, 3.0, 9.0]
shares = [1e-300, 1e-12, 0.001, 0.025, 0.5, 0.9, 0.975, 0.999999]
p_values = [0.01, 0.04, 0.03, 0.005, 0.2, 0.04, 0.9]


def holm(p):
    order = numpy.argsort(p, kind="stable")
    adjusted = numpy.maximum.accumulate(numpy.minimum(1, numpy.array(p)[order] * (len(p) - numpy.arange(len(p)))))
    result = numpy.empty(len(p))
    result[order] = adjusted
    return result.tolist()


# Miller 1997, "Survival Analysis", remission in weeks of acute myelogenous leukaemia; `aml` in R's package survival.
maintained = [(9, 1), (13, 1), (13, 0), (18, 1), (23, 1), (28, 0), (31, 1), (34, 1), (45, 0), (48, 1), (161, 0)]
nonmaintained = [(5, 1), (5, 1), (8, 1), (8, 1), (12, 1), (16, 0), (23, 1), (27, 1), (30, 1), (33, 1), (43, 1), (45, 1)]
# What training to an accuracy gives: one limit for all, and ties, because runs are judged at fixed steps.
quick = [(400, 1), (400, 1), (500, 1), (600, 1), (1000, 0)]
slow = [(600, 1), (800, 1), (900, 1), (1000, 0), (1000, 0)]


def censored(sample):
    return stats.CensoredData(uncensored=[t for t, happened in sample if happened], right=[t for t, happened in sample if not happened])


def survival(sample):
    function = stats.ecdf(censored(sample)).sf
    interval = function.confidence_interval(0.95, method="log-log")
    events = sorted({t for t, happened in sample if happened})
    return [[t, *(number(f.evaluate(t)) for f in (function, interval.low, interval.high))] for t in events]


def log_rank(x, y):
    result = stats.logrank(censored(x), censored(y))
    return {"chiSquare": number(result.statistic**2), "p": number(result.pvalue)}


def log_rank_exactly(x, y):
    """All ways to share out the observations, each with its own log-rank statistic, as far as it is from 0."""
    pool, own = x + y, range(len(x))
    def excess(chosen):
        total = 0
        for time in sorted({t for t, happened in pool if happened}):
            risk = [i for i, (t, _) in enumerate(pool) if t >= time]
            events = [i for i in risk if pool[i] == (time, 1)]
            total += len([i for i in events if i in chosen]) - len(events) * len([i for i in risk if i in chosen]) / len(risk)
        return total
    every = numpy.array([excess(set(chosen)) for chosen in itertools.combinations(range(len(pool)), len(x))])
    seen = excess(set(own))
    return {"excess": number(seen), "p": number(min(1, 2 * min(numpy.mean(every <= seen + 1e-9), numpy.mean(every >= seen - 1e-9))))}


golden = {
    "made": {"script": "test/golden/make-statistics.py", "scipy": scipy.__version__, "numpy": numpy.__version__, "seed": SEED},
    "samples": {"a": a, "b": b, "c": c, "longA": long_a, "longB": long_b, "fewA": few_a, "fewB": few_b, "tiesFree": ties_free},
    "summary": {
        "mean": number(numpy.mean(a)), "median": number(numpy.median(a)), "mode": number(stats.mode(c, keepdims=False).mode),
        "variance": number(numpy.var(a, ddof=1)), "deviation": number(numpy.std(a, ddof=1)),
        "quartiles": numpy.quantile(a, [0.25, 0.5, 0.75]).tolist(), "iqr": number(stats.iqr(a)),
        "quantiles": [[p, number(numpy.quantile(long_a, p))] for p in [0, 0.1, 0.333, 0.9, 1]],
    },
    "welch": {kind: t_result(stats.ttest_ind(a, c, equal_var=False, alternative=kind), mean_difference(a, c)) for kind in kinds},
    "welchFreedom": number(stats.ttest_ind(a, c, equal_var=False).df),
    "welchInterval": [number(x) for x in stats.ttest_ind(a, c, equal_var=False).confidence_interval(0.99)],
    "paired": {kind: t_result(stats.ttest_rel(a, b, alternative=kind), mean_difference(a, b)) for kind in kinds},
    "pairedInterval": [number(x) for x in stats.ttest_rel(a, b).confidence_interval(0.95)],
    "signedRank": {
        "exact": signed_rank(ties_free, b, mode="exact"),
        "normal": signed_rank(long_a, long_b, mode="approx", correction=False),
        "normalCorrected": signed_rank(long_a, long_b, mode="approx", correction=True),
        # With ties SciPy has no exact test of its own: all sign flips, by its permutation test on midranks.
        "exactTies": permutation([round(10 * (x - y)) for x, y in zip(few_a, c)], [0] * 5,
                                 lambda x, y: numpy.sum(stats.rankdata(numpy.abs(numpy.array(x) - y))[(numpy.array(x) - y) > 0]), "samples"),
        "exactTiesDifferences": [round(10 * (x - y)) for x, y in zip(few_a, c)],
    },
    "rankSum": {
        "exact": rank_sum(ties_free, few_b, method="exact"),
        "normal": rank_sum(long_a, long_b, method="asymptotic", use_continuity=False),
        "normalCorrected": rank_sum(long_a, long_b, method="asymptotic", use_continuity=True),
        "exactTies": permutation(c[:6], [91.0, 91.1, 90.7, 91.0],
                                 lambda x, y: numpy.sum(stats.rankdata(numpy.concatenate([x, y]))[:len(x)]) - 21, "independent"),
        "exactTiesB": [91.0, 91.1, 90.7, 91.0],
    },
    "permutation": {
        "means": permutation(few_a, few_b, mean_difference, "independent"),
        "medians": permutation(few_a, c[:4], median_difference, "independent"),
        "pairs": permutation(a, b, mean_difference, "samples"),
    },
    "bootstrap": {
        "meanBca": bootstrap(a, numpy.mean, "BCa"), "meanPercentile": bootstrap(a, numpy.mean, "percentile"),
        "deviationBca": bootstrap(long_a, lambda x, axis: numpy.std(x, ddof=1, axis=axis), "BCa"),
    },
    "normal": {
        "density": [[x, number(stats.norm.pdf(x, 0.5, 2))] for x in normal_points],
        "cumulative": [[x, number(stats.norm.cdf(x))] for x in normal_points],
        "survival": [[x, number(stats.norm.sf(x))] for x in normal_points],
        "quantile": [[p, number(stats.norm.ppf(p, 10, 3))] for p in shares],
    },
    "studentT": {
        "cumulative": [[x, v, number(stats.t.cdf(x, v))] for x in [-30.0, -2.0, 0.0, 1.3, 6.0] for v in [1, 3.7, 30]],
        "quantile": [[p, v, number(stats.t.ppf(p, v))] for p in [0.001, 0.025, 0.5, 0.975, 0.9999] for v in [1, 3.7, 30]],
    },
    "binomial": [
        {"n": n, "p": p, "k": k, "probability": number(stats.binom.pmf(k, n, p)), "cumulative": number(stats.binom.cdf(k, n, p))}
        for n, p, k in [(10, 0.3, 3), (10, 0.3, -1), (10, 0.3, 11), (10000, 0.9124, 9100), (1000000, 0.5, 499990), (5, 0, 0), (5, 1, 5)]
    ],
    "binomialQuantile": [[n, p, q, number(stats.binom.ppf(q, n, p))] for n, p in [(10, 0.3), (10000, 0.9124), (1000000, 0.5)] for q in [0.001, 0.3, 0.5, 0.975]],
    "poisson": [
        {"rate": rate, "k": k, "probability": number(stats.poisson.pmf(k, rate)), "cumulative": number(stats.poisson.cdf(k, rate))}
        for rate, k in [(0.1, 0), (3.5, 2), (3.5, -1), (4000, 3900), (1000000, 1000500), (1e8, 99990000)]
    ],
    "poissonQuantile": [[rate, q, number(stats.poisson.ppf(q, rate))] for rate in [0.1, 3.5, 4000, 1000000, 1e8] for q in [0.001, 0.3, 0.5, 0.975]],
    "survival": {
        "samples": {"maintained": maintained, "nonmaintained": nonmaintained, "quick": quick, "slow": slow},
        "steps": {"maintained": survival(maintained), "nonmaintained": survival(nonmaintained), "quick": survival(quick)},
        "logRank": {"leukaemia": log_rank(maintained, nonmaintained), "runs": log_rank(quick, slow)},
        "logRankExactly": log_rank_exactly(quick, slow),
        # Typed off: mean and standard error as R's survival prints them, print(survfit(Surv(time, status) ~ x, data = aml), rmean = "common").
        "restricted": {"limit": 161, "maintained": [52.6, 19.83], "nonmaintained": [22.7, 4.18]},
    },
    # Neither is in SciPy: by their definitions.
    "effects": {
        "cohensD": number(mean_difference(a, c) / numpy.sqrt((11 * numpy.var(a, ddof=1) + 8 * numpy.var(c, ddof=1)) / 19)),
        "cliffsDelta": number(numpy.mean(numpy.sign(numpy.subtract.outer(a, c)))),
    },
    "correction": {
        "p": p_values, "bonferroni": [min(1, p * len(p_values)) for p in p_values], "holm": holm(p_values),
        "benjaminiHochberg": stats.false_discovery_control(p_values).tolist(),
    },
}
path = pathlib.Path(__file__).parent / "statistics.json"
path.write_text(json.dumps(golden, indent=1).replace("NaN", "null") + "\n")
