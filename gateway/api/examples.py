"""What each body and answer looks like, by the name of its model; all people are invented."""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]
DESK: Json = {"code": "DINAS_PUPR@32.73", "name": "Dinas PU Kota Bandung"}
DISPOSITION: Json = {
    "agency": DESK,
    "state": "working",
    "deadline": "2026-12-10",
    "actor": "system",
    "reason": "jalan kota",
    "at": "2026-11-20T05:00:00Z",
    "answered_at": None,
}
COMPLAINT: Json = {
    "tracking": 9165816,
    "status": "in_progress",
    "kind": "complaint",
    "headline": "Jalan rusak parah di Kec. Coblong",
    "text": "Jalan rusak parah di Kec. Coblong Kota Bandung, hubungi ***",
    "category": {"code": "JALAN_RUSAK", "name": "Jalan rusak / berlubang"},
    "agency": DESK,
    "place": {"code": "32.73.02", "name": "Kec. Coblong, Kota Bandung"},
    "address": None,
    "location": {"lat": -6.8853, "lon": 107.6138},
    "urgent": False,
    "privacy": "public",
    "source": "sms",
    "campaign": None,
    "duty": "complaint",
    "verify_by": "2026-11-25",
    "deadline": "2026-12-10",
    "created_at": "2026-11-20T05:00:00Z",
    "updated_at": "2026-11-20T06:00:00Z",
    "forwarded_at": "2026-11-20T05:00:00Z",
    "responded_at": None,
    "answered_at": None,
    "closed_at": None,
    "reopened": 0,
    "rating": None,
    "archive_reason": None,
    "parent": None,
    "dispositions": [DISPOSITION],
    "links": {
        "self": "/api/v1/complaints/9165816",
        "events": "/api/v1/complaints/9165816/events",
        "dispositions": "/api/v1/complaints/9165816/dispositions",
        "attachments": "/api/v1/complaints/9165816/attachments",
    },
}
EVENT: Json = {
    "id": 71,
    "kind": "disposed",
    "actor": "system",
    "at": "2026-11-20T05:00:00Z",
    "text": "jalan kota",
    "detail": {"agency": "DINAS_PUPR@32.73", "deadline": "2026-12-10"},
}
ATTACHMENT: Json = {
    "id": 5,
    "content_type": "image/jpeg",
    "size": 120412,
    "status": "stored",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "location": None,
    "content": "/api/v1/complaints/9165816/attachments/5/content",
}
MESSAGE: Json = {
    "row": "in-12",
    "id": 12,
    "at": "2026-11-20T05:00:00Z",
    "channel": "sms",
    "person": "+62812****01",
    "status": "done",
    "attempts": 1,
    "error": "",
}
REPLY: Json = MESSAGE | {"row": "out-34", "id": 34, "status": "delivered"}
EXAMPLES: Mapping[str, Json] = {
    "Complaint": COMPLAINT,
    "Complaints": {"items": [COMPLAINT], "next": "/api/v1/complaints?limit=1&cursor=2a"},
    "Dispositions": {"items": [DISPOSITION]},
    "Events": {"items": [EVENT], "next": None},
    "Attachments": {"items": [ATTACHMENT]},
    "NewComplaint": {
        "text": "Lampu jalan di depan pasar mati sejak Senin.",
        "category": "PJU",
        "area": "32.73.02",
        "phone": "+6281200000077",
        "external_reference": "TIKET-77",
    },
    "Submission": {
        "id": "20c3467b3f9f-02acd18538b660b12a4e43e0e4e018d3",
        "status": "filed",
        "tracking": 9165816,
        "external_reference": "TIKET-77",
        "replies": ["Laporan 9165816 diterima: Lampu jalan (PJU), Kec. Coblong, Kota Bandung."],
        "complaint": "/api/v1/complaints/9165816",
    },
    "Dispose": {"agency": "DISHUB@32.73", "reason": "lampu jalan"},
    "Answer": {"agency": "DINAS_PUPR@32.73", "text": "Jalan sudah kami tambal."},
    "Forward": {"agency": "DINAS_PUPR@32.73", "unit": "DINAS_PUPR@32.73/JALAN"},
    "Return": {"agency": "DINAS_PUPR@32.73", "reason": "jalan provinsi"},
    "Start": {"agency": "DINAS_PUPR@32.73", "note": "petugas berangkat"},
    "Defer": {"agency": "DINAS_PUPR@32.73", "question": "Di depan nomor berapa?"},
    "Resume": {"note": "lokasi sudah ditemukan"},
    "Archive": {"why": "no_place", "text": "Lokasinya tidak kami temukan."},
    "Restore": {"reason": "lokasi ternyata jelas"},
    "Correct": {"category": "PJU", "reason": "yang rusak lampunya"},
    "Rows": {"items": [MESSAGE], "next": None},
    "InboxDetail": MESSAGE | {"replies": [REPLY], "complaint": 9165816, "attachments": ["stored"]},
    "OutboxDetail": REPLY
    | {
        "kind": "received",
        "lane": "answer",
        "message": "in-12",
        "complaint": 9165816,
        "receipt": "delivered",
        "segments": 2,
        "sent_at": "2026-11-20T05:00:01Z",
    },
    "Reveal": {"reason": "warga bertanya, tiket 77"},
    "Revealed": {"row": "in-12", "person": "+6281200000001", "text": "Jalan rusak parah"},
    "Replay": {"rows": ["in-12", "out-34"], "reason": "penyedia mati", "dry_run": True},
    "Replayed": {
        "dry_run": True,
        "again": False,
        "asked": 2,
        "queued": ["in-12"],
        "not_queued": [
            {
                "row": "out-34",
                "why": "it reached the person (--again sends it a second time)",
            }
        ],
    },
    "Categories": {
        "items": [
            {
                "code": "JALAN_RUSAK",
                "name": "Jalan rusak / berlubang",
                "parent": {"code": "INFRASTRUKTUR", "name": "Infrastruktur"},
                "kind": "inspection",
                "confidential": False,
            }
        ]
    },
    "Agencies": {
        "items": [
            {
                "code": "PEMKAB_3204",
                "name": "Pemerintah Kabupaten Bandung",
                "level": "pemda_kabupaten",
                "parent": None,
                "area": "32.04",
                "local": False,
            }
        ],
        "next": None,
    },
    "Areas": {
        "items": [{"code": "32.73.02", "name": "Coblong", "level": "kecamatan"}],
        "next": None,
    },
    "Report": {
        "report": "topics",
        "from": "2026-01-01",
        "to": "2026-11-20",
        "filters": {"agency": "DINAS_PUPR@32.73"},
        "refreshed_at": "2026-11-20T05:00:00Z",
        "notes": [],
        "complaints": {"received": 2, "followed_up": 1, "in_process": 0, "untouched": 1},
    },
}
