"""Let the Prefect server of PREFECT_API_URL call an address when a scheduled run ends.

    python scripts/notify.py https://hooks.example.org/XXX     # again: replaces the address
    python scripts/notify.py --off

It creates a webhook block and an automation, both named `maskrnn-run-ended`. The server sends a
POST with JSON: `run`, `deployment`, `state`, `message`, `url` of the run in the web interface, and
`text`, a sentence that chat services show. Runs of deployments with the tag `scheduled` are
reported when they complete, fail, fail in part or crash.
"""

import argparse
from datetime import timedelta

from prefect import get_client
from prefect.automations import Automation
from prefect.blocks.webhook import Webhook
from prefect.client.schemas.objects import BlockDocument
from prefect.events import EventTrigger, ResourceSpecification
from prefect.events.actions import CallWebhook
from prefect.events.schemas.automations import Posture

NAME = "maskrnn-run-ended"
_ENDS = ("Completed", "Failed", "Failed in part", "Crashed")
_ONCE_PER = timedelta(seconds=1)
"""On a machine under load Prefect handles an event that came early twice. The second time falls
within this time of the first, and is not told."""
_PAYLOAD = """{
 "run": {{ flow_run.name | tojson }},
 "deployment": {{ deployment.name | tojson }},
 "state": {{ flow_run.state.name | tojson }},
 "message": {{ (flow_run.state.message or "") | tojson }},
 "url": {{ (flow_run | ui_url or "") | tojson }},
 "text": {{ [flow_run.name, flow_run.state.name, flow_run.state.message] | select
          | join(": ") | tojson }}
}"""


def automation(block: BlockDocument) -> Automation:
    """The automation that calls the webhook of a block."""
    return Automation(
        name=NAME,
        description="Reports the end of scheduled runs; scripts/notify.py made it.",
        trigger=EventTrigger(
            expect={f"prefect.flow-run.{state}" for state in _ENDS},
            match=ResourceSpecification({"prefect.resource.id": "prefect.flow-run.*"}),
            match_related=ResourceSpecification(
                {
                    "prefect.resource.role": "tag",
                    "prefect.resource.id": "prefect.tag.scheduled",
                }
            ),
            for_each={"prefect.resource.id"},
            posture=Posture.Reactive,
            threshold=1,
            within=_ONCE_PER,
        ),
        actions=[CallWebhook(block_document_id=block.id, payload=_PAYLOAD)],
    )


def switch_off() -> None:
    """Remove the automation; the block stays."""
    with get_client(sync_client=True) as client:
        for known in client.read_automations_by_name(NAME):
            client.delete_automation(known.id)


def main() -> None:
    """Create or remove the automation."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("url", nargs="?", help="receives a POST per run")
    what.add_argument("--off", action="store_true", help="report nothing any more")
    asked = parser.parse_args()
    switch_off()
    if asked.off:
        print("notify: scheduled runs are not reported any more")
        return
    Webhook(url=asked.url).save(NAME, overwrite=True)
    with get_client(sync_client=True) as client:
        block = client.read_block_document_by_name(NAME, "webhook", include_secrets=False)
    automation(block).create()
    print(f"notify: scheduled runs report their end; `{parser.prog} --off` ends this")


if __name__ == "__main__":
    main()
