-- One row per dataset and load: the rows that the ledger says were landed, and those that the raw table holds.
with

-- every raw table, whether or not a model reads it
held as (

    {% for table in graph.sources.values() if table.source_name == 'raw_bmrs' and not table.name.startswith('_') %}
    select '{{ table.name | upper }}' as dataset, _load_id as load_id, count(*) as row_count
    from {{ source('raw_bmrs', table.name) }}
    group by 2
    {% if not loop.last %}union all{% endif %}
    {% else %}
    select '' as dataset, '' as load_id, 0 as row_count
    {% endfor %}

)

-- landed_loads is a table, and so older than these counts: a load that ends meanwhile is not missed
select
    landed.dataset,
    landed.load_id,
    landed.rows_landed,
    coalesce(held.row_count, 0) as rows_held
from {{ ref('landed_loads') }} as landed
left join held
    on landed.dataset = held.dataset
    and landed.load_id = held.load_id
