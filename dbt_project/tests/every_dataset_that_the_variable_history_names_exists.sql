-- A misspelt name would be ignored, and nothing expected of the dataset that was meant.
with

named as (

    {% for dataset, first, last in history_ranges() %}
    select '{{ dataset }}' as dataset
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select dataset
from named
where dataset != 'default' and dataset not in (select dataset from {{ ref('dataset_catalogue') }})
