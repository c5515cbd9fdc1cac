-- One row per dataset and load: the rows that the ledger says were landed.
select
    dataset,
    load_id,
    cast(sum(rows_landed) as int64) as rows_landed
from {{ ref('stg_bmrs__windows') }}
where rows_landed != 0  -- below 0: rows that the lake had lost and `gb-power gaps --fill` asked for again
group by dataset, load_id
