-- The two REMIT models agree on what of each message is the latest, and on whether it stands.
select mrid, revision_number, published_at_utc, created_at_utc, state
from {{ ref('bmrs_remit_unified') }}
full join (
    select mrid, revision_number, published_at_utc, created_at_utc, state as state_in_history
    from {{ ref('bmrs_remit_revisions_unified') }}
    where state != 'SUPERSEDED'
) as history using (mrid, revision_number, published_at_utc, created_at_utc)
where state is distinct from state_in_history
