"""The model server's Batch API: files go in, a batch works through one, results come out as another file."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.model_server import ModelServer

Answer = tuple[int, Any]


class Batches:
    """Files and batches. A batch is worked off when it is asked for the `looks`-th time; results come unordered."""

    def __init__(self, server: ModelServer) -> None:
        self._server = server
        self._lock = threading.Lock()
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.looks = 2
        self.failing: frozenset[str] = frozenset()
        """custom_ids whose line ends in the file of errors."""

    def get(self, path: str) -> Answer:
        """A file's description or content, or a batch."""
        steps = path.strip("/").split("/")
        with self._lock:
            if steps[0] == "files" and steps[1:2] and steps[1] in self.files:
                if steps[2:] == ["content"]:
                    return 200, self.files[steps[1]]
                return 200, self._file(steps[1])
            if steps[0] == "batches" and len(steps) == 2 and steps[1] in self.batches:
                return 200, self._look(self.batches[steps[1]])
            if steps == ["batches"]:
                return 200, {"object": "list", "data": list(self.batches.values()), "has_more": False}
        return 404, _missing(path)

    def post(self, path: str, raw: bytes, kind: str) -> Answer:
        """Take a file, start a batch or cancel one."""
        steps = path.strip("/").split("/")
        with self._lock:
            if steps == ["files"]:
                return 200, self._file(self._keep(_uploaded(raw, kind)))
            if steps == ["batches"]:
                return self._start(json.loads(raw))
            if steps[0] == "batches" and steps[2:] == ["cancel"] and steps[1] in self.batches:
                self.batches[steps[1]]["status"] = "cancelled"
                return 200, self.batches[steps[1]]
        return 404, _missing(path)

    def _start(self, wanted: Mapping[str, Any]) -> Answer:
        if wanted.get("input_file_id") not in self.files:
            return 404, _missing(str(wanted.get("input_file_id")))
        name = f"batch_{len(self.batches) + 1}"
        self.batches[name] = {
            "id": name,
            "object": "batch",
            "endpoint": wanted["endpoint"],
            "input_file_id": wanted["input_file_id"],
            "completion_window": wanted["completion_window"],
            "metadata": wanted.get("metadata"),
            "status": "in_progress",
            "created_at": 1,
            "looks": 0,
        }
        return 200, self.batches[name]

    def _look(self, batch: dict[str, Any]) -> dict[str, Any]:
        batch["looks"] += 1
        if batch["status"] == "in_progress" and batch["looks"] >= self.looks:
            self._work(batch)
        return batch

    def _work(self, batch: dict[str, Any]) -> None:
        rows = [json.loads(line) for line in self.files[batch["input_file_id"]].splitlines() if line.strip()]
        done, failed = [], []
        for row in reversed(rows):
            refused = self._server.refusal(row["body"], self._server.key)
            if refused is None and row["custom_id"] not in self.failing:
                response = {
                    "status_code": 200,
                    "request_id": "r",
                    "body": self._server.completion(row["body"]),
                }
                done.append({"id": "b", "custom_id": row["custom_id"], "response": response, "error": None})
            else:
                status, code, said = refused or (500, "server_error", "The server had an error")
                response = {"status_code": status, "body": {"error": {"code": code, "message": said}}}
                failed.append({"id": "b", "custom_id": row["custom_id"], "response": response, "error": None})
        batch["status"] = "completed"
        batch["request_counts"] = {"total": len(rows), "completed": len(done), "failed": len(failed)}
        batch["output_file_id"] = self._keep(_lines(done)) if done else None
        batch["error_file_id"] = self._keep(_lines(failed)) if failed else None

    def _keep(self, content: bytes) -> str:
        name = f"file-{len(self.files) + 1}"
        self.files[name] = content
        return name

    def _file(self, name: str) -> dict[str, Any]:
        return {
            "id": name,
            "object": "file",
            "bytes": len(self.files[name]),
            "created_at": 1,
            "filename": f"{name}.jsonl",
            "purpose": "batch",
            "status": "processed",
        }


def _uploaded(raw: bytes, kind: str) -> bytes:
    """The content of the field `file` of a multipart form."""
    boundary = re.search(r'boundary="?([^";]+)"?', kind)
    if boundary is None:
        return b""
    for part in raw.split(b"--" + boundary.group(1).encode()):
        head, _, content = part.partition(b"\r\n\r\n")
        if b'name="file"' in head:
            return content.removesuffix(b"\r\n")
    return b""


def _lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def _missing(what: str) -> dict[str, Any]:
    return {
        "error": {"message": f"There is no {what}.", "type": "invalid_request_error", "code": "not_found"}
    }
