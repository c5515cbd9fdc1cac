{# What is in force of submissions that overlap, minute by minute, as Elexon resolves limits: the greater
   notification_sequence wins, then the later notified_at_utc. The loser is truncated or split, and its levels stay as
   they were submitted, never interpolated. REST has done this already; its pieces take part like submissions, so the
   two channels meet without a gap or an overlap: of one submission REST's piece wins, and of REST's answers the last,
   since a later one may have cut the piece. The rest of the order decides nothing that was published, but must not
   depend on what came first.

   CTEs from `published` to `effective_position`, one row per BM unit and piece. Two can only compete within a half
   hour that both touch: there the ends of all cut the time into slices, each slice gets its winner, and slices in a
   row that one submission won are one piece again. Pieces of two rows become one only within a settlement period,
   where they touch, are of one submission and hold the same level throughout: so nothing is said that was not. #}
{% macro effective_position(published) -%}
submissions as (

    select
        *,
        row_number() over (
            partition by national_grid_bm_unit
            order by
                notification_sequence desc,
                notified_at_utc desc,
                source asc,
                case when source = 'HISTORIC' then fetched_at_utc end desc,
                from_utc desc, to_utc asc, level_from_mw asc, level_to_mw asc, bm_unit asc,
                fetched_at_utc desc
        ) as standing,
        case when level_from_mw = level_to_mw then dense_rank() over (
            partition by national_grid_bm_unit
            order by notification_sequence, notified_at_utc, source, level_from_mw
        ) end as flat_level
    from {{ published }}

),

touched as (

    {{ each_half_hour('submissions', 'from_utc', 'to_utc') }}

),

claims as (

    select
        national_grid_bm_unit, standing, half_hour_utc,
        greatest(from_utc, half_hour_utc) as from_utc,
        least(to_utc, half_hour_utc + interval 30 minute) as to_utc
    from touched

),

slices as (

    select
        national_grid_bm_unit, half_hour_utc, at_utc as from_utc,
        lead(at_utc) over (partition by national_grid_bm_unit, half_hour_utc order by at_utc) as to_utc
    from (
        select national_grid_bm_unit, half_hour_utc, from_utc as at_utc from claims
        union distinct
        select national_grid_bm_unit, half_hour_utc, to_utc from claims
    ) as ends

),

winners as (

    select
        slices.national_grid_bm_unit, slices.half_hour_utc, slices.from_utc, slices.to_utc,
        min(claims.standing) as standing
    from slices
    inner join claims
        on slices.national_grid_bm_unit = claims.national_grid_bm_unit
        and slices.half_hour_utc = claims.half_hour_utc
        and slices.from_utc >= claims.from_utc and slices.to_utc <= claims.to_utc
    group by slices.national_grid_bm_unit, slices.half_hour_utc, slices.from_utc, slices.to_utc

),

in_force as (

    select
        winners.*,
        lag(winners.to_utc) over in_time = winners.from_utc and (
            lag(winners.standing) over in_time = winners.standing
            or (
                lag(submissions.flat_level) over in_time = submissions.flat_level
                and lag(winners.half_hour_utc) over in_time = winners.half_hour_utc
            )
        ) as continues
    from winners
    inner join submissions
        on winners.national_grid_bm_unit = submissions.national_grid_bm_unit
        and winners.standing = submissions.standing
    window in_time as (partition by winners.national_grid_bm_unit order by winners.from_utc)

),

numbered as (

    select
        *,
        sum(case when continues then 0 else 1 end) over (
            partition by national_grid_bm_unit order by from_utc
        ) as piece
    from in_force

),

pieces as (

    select national_grid_bm_unit, min(standing) as standing, min(from_utc) as from_utc, max(to_utc) as to_utc
    from numbered
    group by national_grid_bm_unit, piece

),

effective_position as (

    select submissions.* replace (pieces.from_utc as from_utc, pieces.to_utc as to_utc)
    from pieces
    inner join submissions
        on pieces.national_grid_bm_unit = submissions.national_grid_bm_unit
        and pieces.standing = submissions.standing

)
{%- endmacro %}
