"""Kind `pool`: outlier ejection over `core.outliers`."""

from __future__ import annotations

from hive_console.core.outliers import OutlierPolicy, OutlierPool, SuccessRatePolicy
from tests.scenarios.trace import Fields, NotOffered, Scenario, check, config_of, share, steps_of

_IS_FAILURE = {
    "ok": False,
    "error_ok": False,
    "fail": True,
    "bad_result": True,
    "timeout": True,
    "crash": True,
}

_WITHIN_HALF_A_PERCENT = {"mean": 0.5, "threshold": 0.5}


def run(scenario: Scenario) -> None:
    """Runs one trace."""
    pool = _pool(config_of(scenario))
    for number, step, expected in steps_of(scenario):
        now = step.number("at", default=0.0)
        _act(pool, step, now)
        step.done()
        rates = pool.last_rates
        found = {
            "ejected": list(pool.ejected),
            "ejections": pool.ejections,
            "active": len(pool.ejected),
            "detected": pool.detected,
            "overflow": pool.overflow,
            "mean": None if rates is None else rates.mean * 100,
            "threshold": None if rates is None else rates.threshold * 100,
        }
        check(number, expected, found, tolerance=_WITHIN_HALF_A_PERCENT)


def _pool(config: Fields) -> OutlierPool:
    hosts = config.names("hosts")
    config.take("interval")  # the trace says itself when a sweep is made
    rates = config.section("success_rate") if "success_rate" in config else None
    # Envoy counts consecutive failures unless told not to; a trace about rates means rates alone.
    has_count = "consecutive_failures" in config or rates is None
    policy = OutlierPolicy(
        consecutive_failures=config.count("consecutive_failures", default=5) if has_count else None,
        base_ejection=config.number("base_ejection", default=30),
        max_ejection=config.number("max_ejection", default=300),
        max_ejected=config.number("max_ejection_percent", default=10) / 100,
        always_eject_one=config.flag("always_eject_one", default=True),
        enforcing=share(config.number("enforcing", default=100)),
        success_rate=None if rates is None else _rates(rates),
    )
    config.done()
    return OutlierPool(hosts, policy)


def _rates(section: Fields) -> SuccessRatePolicy:
    policy = SuccessRatePolicy(
        min_hosts=section.count("min_hosts", "minimum_hosts", default=5),
        min_volume=section.count("min_volume", "request_volume", default=100),
        stdev_factor=section.number("stdev_factor", default=1.9),
    )
    section.done()
    return policy


def _act(pool: OutlierPool, step: Fields, now: float) -> None:
    if step.take("tick"):
        return
    if step.take("sweep"):
        pool.sweep(now)
        return
    host, call, health = step.word("host"), step.word("call"), step.take("health")
    times = step.count("times", default=1)
    if host is None or (call is None) is (health is None):
        raise NotOffered("step form not known")
    if health is not None:
        _check_health(pool, host, health)
    elif call != "ignored":  # an error that must not be judged is not told to the pool
        if call not in _IS_FAILURE:
            raise NotOffered(f"call {call} not known")
        for _ in range(times):
            pool.record(host, now, is_failure=_IS_FAILURE[call])


def _check_health(pool: OutlierPool, host: str, health: object) -> None:
    match health:
        case "pass" | "ok" | True:
            pool.health_passed(host)
        case "fail" | False:
            pass  # a failing check is the health monitor's matter: it neither ejects nor keeps out
        case _:
            raise NotOffered(f"health {health} not known")
