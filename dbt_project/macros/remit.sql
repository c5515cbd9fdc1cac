{# What a revision of a REMIT message is by now; `place` is 1 for the message's latest. A participant calls a message off
   by a further revision with another status, so whatever is not Active (or says nothing) is not current. #}
{% macro remit_state(place) -%}
    case
        when {{ place }} > 1 then 'SUPERSEDED'
        when coalesce(lower(event_status), 'active') = 'active' then 'CURRENT'
        else upper(event_status)
    end
{%- endmacro %}
