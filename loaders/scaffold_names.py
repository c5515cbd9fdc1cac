"""What a published field is called in the models: snake case, with its unit at the end."""

import re

from loaders.catalogue import Column, Dataset, raw_name

# The publisher's word for a moment -> the models'. Any other "xTime" or "xDateTime" becomes x_utc.
TIMES = {
    "acceptanceTime": "accepted_at_utc",
    "createdDateTime": "created_at_utc",
    "createdTime": "created_at_utc",
    "fileCreationTime": "file_created_at_utc",
    "halfHourEndTime": "end_utc",
    "measurementTime": "measured_at_utc",
    "notificationTime": "notified_at_utc",
    "publishTime": "published_at_utc",
    "submissionDateTime": "submitted_at_utc",
    "time": "effective_from_utc",
    "timeFrom": "from_utc",
    "timeTo": "to_utc",
}
FLAGS = {
    "bsadDefaulted": "is_bsad_defaulted",
    "creditQualifyingStatus": "is_credit_qualifying",
    "deemedBoFlag": "is_deemed",
    "demandInProductionFlag": "is_demand_in_production",
    "fpnFlag": "has_fpn",
    "repricedIndicator": "is_repriced",
}
OTHERS = {
    "acceptanceId": "acceptance_number",
    "bid": "bid_price",
    "bidOfferPairId": "pair_id",
    "elexonBmUnit": "bm_unit",
    "mRID": "mrid",
    "nationalGridBmUnitId": "national_grid_bm_unit",
    "offer": "offer_price",
}


def staged_name(native: str, column: Column) -> str:
    """The models' name of a published field."""
    if column.type == "timestamp":
        return TIMES.get(native) or re.sub(r"_(date_)?time$", "", raw_name(native)) + "_utc"
    if column.type == "boolean":
        return FLAGS.get(native) or _flag(raw_name(native))
    suffix = unit_suffix(column.unit) if column.unit else ""
    return "_".join(part for part in (raw_name(OTHERS.get(native, native)), suffix) if part)


def unit_suffix(unit: str) -> str:
    """GBP/MWh -> gbp_per_mwh; nothing for a pure number, whose name says that it is one."""
    if unit in ("%", "ratio", "probability"):
        return ""
    return re.sub(r"\W+", "_", unit.replace("degC", "celsius").replace("/", " per ").lower())


def _flag(name: str) -> str:
    if name.startswith(("is_", "has_")):
        return name
    stem = name.removesuffix("_flag")
    return f"is_{stem}_flagged" if stem != name else f"is_{name}"


def staged_names(dataset: Dataset) -> dict[str, str]:
    """Native field -> the models' name, for every field of a dataset."""
    return {native: staged_name(native, column) for native, column in dataset.all_columns.items()}
