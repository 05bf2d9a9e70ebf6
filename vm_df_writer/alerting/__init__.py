"""From scores to a pager: alert rules, what they would have done, and a dashboard."""

from vm_df_writer.alerting.backtest import Backtest, backtest
from vm_df_writer.alerting.dashboard import grafana_dashboard
from vm_df_writer.alerting.rules import AlertRule, AlertRules, alert_rules

__all__ = [
    "AlertRule",
    "AlertRules",
    "Backtest",
    "alert_rules",
    "backtest",
    "grafana_dashboard",
]
