-- A year of a city, for tests of speed: every call has a life, and from the lives come texts, messages and the rest.
-- A line of `--` and `;` stands between statements. Nobody's number is in it: the fictional ones, and hashes of nothing.
SELECT setseed(0.27)
--;
CREATE TEMP TABLE drawn AS
SELECT n, random() AS by_type, random() AS by_rule, random() AS by_wait, random() AS by_work, random() AS by_end,
       random() AS by_number, random() AS by_language, random() AS by_place,
       CAST(:ends AS timestamptz) - (CAST(:calls AS int) - n + 0.5) * (interval '365 days' / CAST(:calls AS int)) AS received_at
FROM generate_series(1, CAST(:calls AS int)) AS n
--;
CREATE TEMP TABLE life AS
SELECT n, 'ottawa-' || 'y' || n AS call_id, 'y' || n AS cad_id, '26-' || lpad(CAST(n AS text), 6, '0') AS case_number,
       received_at, n > CAST(:calls AS int) - CAST(:open AS int) AS is_open, 3 + n % 2 AS priority,
       type.code, type.call_type_group, type.rule AS type_rule, type.reason AS type_reason,
       CASE WHEN by_language < 0.75 THEN 'en' WHEN by_language < 0.9 THEN 'fr' END AS language,
       (ARRAY['Somerset', 'Rideau-Vanier', 'Bay', 'River', 'Capital', 'Barrhaven East', 'Kanata North'])[CAST(1 + floor(7 * by_place) AS int)] AS area,
       CASE WHEN by_rule < 0.03 THEN 'officer' ELSE 'resident' END AS source,
       CASE WHEN by_end < 0.06 THEN 'cancelled' WHEN by_end < 0.07 THEN 'duplicate' END AS cancelled,
       CASE WHEN by_end >= 0.25 THEN received_at + interval '2 minutes' - ln(by_wait + 1e-9) * interval '330 minutes' END AS dispatch_at,
       interval '5 minutes' - ln(by_work + 1e-9) * interval '50 minutes' AS work,
       COALESCE(fictional.phone_hash, md5('a' || k) || md5('b' || k)) AS phone_hash,
       COALESCE(fictional.phone_encrypted, CAST(:ciphertext AS text)) AS phone_encrypted,
       CAST(1 + floor(by_number * 2147483646) AS int) AS recipient_version
FROM (SELECT *, floor(by_number * 180000) AS k FROM drawn) AS drawn
JOIN type ON type.place = CASE WHEN by_type < 0.04 THEN CAST(floor(by_type * 25 * CAST(:silent AS int)) AS int)
                           ELSE CAST(CAST(:silent AS int) + floor((by_type - 0.04) / 0.96 * CAST(:allowed AS int)) AS int) END
LEFT JOIN fictional ON drawn.n % 50 = 0 AND fictional.place = drawn.n / 50 % 100
--;
CREATE TEMP TABLE known AS
SELECT life.*, rule = 'all rules met' AS is_eligible,
       jsonb_strip_nulls(jsonb_build_object(
           'agency', 'ottawa', 'cad_id', cad_id, 'case_number', case_number, 'priority_code', CAST(priority AS text),
           'priority', priority, 'call_type_code', code, 'call_type_group', call_type_group,
           'source_code', source, 'source', source, 'language', language, 'area', area,
           'received_at', received_at, 'dispatched_at', dispatched_at, 'arrived_at', CASE WHEN dispatched_at + interval '9 minutes' < CAST(:ends AS timestamptz) THEN dispatched_at + interval '9 minutes' END,
           'cleared_at', cleared_at, 'disposition', CASE WHEN cleared_at IS NOT NULL THEN 'R' END,
           'outcome', CASE WHEN cleared_at IS NOT NULL THEN 'ordinary' END, 'cancelled', ended_as,
           'latch', CASE WHEN type_rule IS NOT NULL THEN rule END)) AS told
FROM (SELECT *, CASE WHEN NOT is_open OR n % 4 = 0 THEN cancelled END AS ended_as,
             CASE WHEN dispatch_at < CAST(:ends AS timestamptz) THEN dispatch_at END AS dispatched_at,
             CASE WHEN NOT is_open THEN least(COALESCE(dispatch_at, received_at + interval '6 hours') + work, CAST(:ends AS timestamptz))
                  WHEN n % 3 = 0 AND dispatch_at + work < CAST(:ends AS timestamptz) THEN dispatch_at + work END AS cleared_at,
             CASE WHEN type_rule IS NOT NULL THEN type_rule WHEN source = 'officer' THEN 'not from a resident'
                  WHEN cancelled = 'duplicate' AND NOT is_open THEN 'cancelled' ELSE 'all rules met' END AS rule,
             CASE WHEN type_rule IS NOT NULL THEN type_reason WHEN source = 'officer' THEN 'the call came from: officer'
                  WHEN cancelled = 'duplicate' AND NOT is_open THEN 'CAD says: duplicate' ELSE 'the caller may be texted' END AS reason
      FROM life) AS life
--;
INSERT INTO call (call_id, agency, case_number, received_at, merged, facts, version, eligibility, rule, reason, policy_version,
    latch, phone_encrypted, phone_hash, recipient_version, phone_versions, started_policy, signalled_version, signalled,
    ended_reason, trouble, trouble_since_real, created_real, updated_real)
SELECT call_id, 'ottawa', case_number, received_at,
       -- Fewer fields than CAD tells, here and in what was signalled: a row that is too wide is compressed, and that takes long.
       jsonb_build_object('case_number', jsonb_build_object('at', received_at, 'value', case_number),
                          'received_at', jsonb_build_object('at', received_at, 'value', received_at)),
       full_facts, 5, CASE WHEN is_eligible THEN 'eligible' ELSE 'ineligible' END, rule, reason, CAST(:policy AS text),
       told ->> 'latch', CASE WHEN is_eligible THEN phone_encrypted END, CASE WHEN is_eligible THEN phone_hash END,
       CASE WHEN is_eligible THEN recipient_version ELSE 0 END,
       CASE WHEN is_eligible THEN jsonb_build_object(phone_hash, recipient_version) ELSE '{}' END,
       CASE WHEN is_eligible THEN CAST(:policy AS text) END, 5, CASE WHEN is_eligible THEN told END,
       CASE WHEN is_open THEN NULL WHEN NOT is_eligible THEN 'never texted: ' || rule
            WHEN told ? 'cancelled' THEN 'silent: cancelled' ELSE 'everything is sent' END,
       CASE WHEN is_open AND n % 41 = 0 THEN 'a text is overdue' END,
       CASE WHEN is_open AND n % 41 = 0 THEN CAST(:ends AS timestamptz) - interval '20 minutes' END,
       received_at, COALESCE(cleared_at, dispatched_at, received_at)
FROM (SELECT *, CAST(:no_facts AS jsonb) || told || jsonb_build_object(
          'recipient_version', CASE WHEN is_eligible THEN recipient_version ELSE 0 END) AS full_facts FROM known OFFSET 0) AS known
ORDER BY n
--;
CREATE TEMP TABLE owed AS
SELECT n, 'confirmation' AS kind, 1 AS sequence, received_at + interval '3 minutes' AS due_at, interval '1 hour' AS lasts FROM known WHERE is_eligible
UNION ALL
SELECT n, 'delay', k, received_at + (priority - 2) * interval '30 minutes' + (k - 1) * interval '2 hours', interval '1 hour'
FROM known, generate_series(1, 3) AS k
WHERE is_eligible AND COALESCE(dispatch_at, received_at + interval '6 hours')
      > received_at + (priority - 2) * interval '30 minutes' + (k - 1) * interval '2 hours'
UNION ALL
SELECT n, 'survey', 1, cleared_at + interval '4 hours', interval '3 days' FROM known
WHERE is_eligible AND dispatched_at IS NOT NULL AND told ->> 'cancelled' IS NULL AND cleared_at IS NOT NULL
--;
DELETE FROM owed WHERE due_at > CAST(:ends AS timestamptz)
--;
INSERT INTO inbound_message (provider_sid, phone_hash, sender, keyword, language, body_encrypted, received_at)
SELECT 'SM' || md5('in' || n), phone_hash, CAST(:sender AS text),
       CASE WHEN u < 0.08 THEN 'stop' WHEN u < 0.09 THEN 'start' WHEN u < 0.12 THEN 'help' WHEN u < 0.14 THEN 'wrong number' ELSE 'other' END,
       CASE WHEN u < 0.08 THEN language END, CASE WHEN at > CAST(:ends AS timestamptz) - interval '30 days' THEN CAST(:ciphertext AS text) END, at
FROM (SELECT n, phone_hash, language, random() AS u, received_at + interval '5 minutes' AS at FROM known WHERE is_eligible AND n % 3 = 0) AS said
WHERE at < CAST(:ends AS timestamptz)
ORDER BY at
--;
INSERT INTO opt_out (phone_hash, phone_encrypted, sender, since, ended_at)
SELECT phone_hash, CAST(:ciphertext AS text), CAST(:sender AS text), since, CASE WHEN k = 0 THEN NULL ELSE since + interval '1 day' END
FROM (SELECT phone_hash, received_at AS since, row_number() OVER (PARTITION BY phone_hash ORDER BY received_at DESC) - 1
             + CAST(id % 10 = 0 AS int) AS k FROM inbound_message WHERE keyword = 'stop') AS stopped
ORDER BY since
--;
-- Sorted while the rows are narrow: the join below keeps the order.
CREATE TEMP TABLE in_order AS
SELECT *, random() AS u, random() AS u2 FROM (
    SELECT *, NULL AS phone_hash, NULL AS language FROM owed
    UNION ALL
    SELECT -id, 'auto_reply', 1, received_at, interval '0', phone_hash, language
    FROM (SELECT * FROM inbound_message ORDER BY random() LIMIT greatest(0, CAST(:texts AS int) - (SELECT count(*) FROM owed))) AS answered
) AS all_of_them
ORDER BY due_at
--;
ANALYZE in_order
--;
ANALYZE known
--;
INSERT INTO text (id, call_id, kind, sequence, recipient_version, state, rule, reason, policy_version, wording_version, language,
    segments, body_encrypted, phone_encrypted, phone_hash, sender, attempt_id, attempts, claimed_real, sending_real,
    first_sending_real, provider_sid, error_code, due_at, expires_at, settled_at, updated_real)
SELECT gen_random_uuid(), call_id, kind, sequence, COALESCE(recipient_version, 1), state,
       CASE WHEN state = 'expired' THEN 'expired' WHEN state = 'failed' THEN 'refused by the carrier' WHEN state = 'suppressed' THEN why.rule END,
       CASE WHEN state = 'expired' THEN 'it would no longer be true or useful' WHEN state = 'suppressed' THEN why.reason
            WHEN kind = 'auto_reply' THEN 'auto_reply' END,
       CAST(:policy AS text), CASE WHEN went THEN CAST(:wording AS text) END, CASE WHEN went THEN COALESCE(language, 'en') END,
       CASE WHEN went THEN 1 + CAST(kind <> 'auto_reply' AS int) + CAST(language IS NULL AS int) END,
       CASE WHEN went AND due_at > CAST(:ends AS timestamptz) - interval '30 days' THEN CAST(:ciphertext AS text) END,
       CASE WHEN went THEN phone_encrypted END, CASE WHEN went THEN phone_hash END,
       CASE WHEN went THEN CAST(:sender AS text) END, NULL, 1, due_at, CASE WHEN went THEN due_at + interval '1 second' END,
       CASE WHEN went THEN due_at + interval '1 second' END,
       CASE WHEN went AND state <> 'unknown' AND state <> 'failed' THEN 'SM' || md5(kind || sequence || n) END,
       CASE state WHEN 'undelivered' THEN (ARRAY[30003, 30003, 30005, 30006, 30007, 30008])[1 + abs(n) % 6]
                  WHEN 'failed' THEN (ARRAY[21211, 21614])[1 + abs(n) % 2] END,
       due_at, due_at + lasts, CASE WHEN state <> 'unknown' THEN due_at + interval '2 seconds' END, due_at + interval '9 seconds'
FROM (SELECT *, state NOT IN ('suppressed', 'expired') AS went FROM (
    SELECT n, kind, sequence, due_at, lasts, u2, known.call_id, known.recipient_version, known.phone_encrypted,
           COALESCE(in_order.language, known.language) AS language, COALESCE(in_order.phone_hash, known.phone_hash) AS phone_hash,
           CASE WHEN due_at > CAST(:ends AS timestamptz) - interval '1 minute' THEN 'accepted' WHEN u < 0.895 THEN 'delivered'
                WHEN u < 0.915 THEN 'sent' WHEN u < 0.943 THEN 'undelivered' WHEN u < 0.948 THEN 'failed' WHEN u < 0.9483 THEN 'unknown'
                WHEN u < 0.955 AND kind <> 'auto_reply' THEN 'expired' ELSE 'suppressed' END AS state
    FROM in_order LEFT JOIN known USING (n)
) AS decided) AS decided
JOIN why ON why.place = CAST(floor(u2 * CAST(:reasons AS int)) AS int)
--;
INSERT INTO survey_invitation (id, call_id, token_hash, language, survey_version, expires_at, used)
SELECT gen_random_uuid(), call_id, md5('c' || call_id) || md5('d' || call_id), language, CAST(:survey AS text), due_at + interval '14 days',
       random() < 0.18 AND due_at > CAST(:ends AS timestamptz) - interval '14 days'
FROM text WHERE kind = 'survey' AND state NOT IN ('suppressed', 'expired') ORDER BY due_at
--;
INSERT INTO blocked_number (phone_hash, phone_encrypted, reason, since_real, ended_real)
SELECT md5('blocked' || n) || md5('number' || n), CAST(:ciphertext AS text), (ARRAY['alarm company', 'hotline', 'lobby'])[1 + n % 3],
       CAST(:ends AS timestamptz) - n * interval '1 day', CASE WHEN n % 7 = 0 THEN CAST(:ends AS timestamptz) END
FROM generate_series(1, 400) AS n
--;
INSERT INTO audit_entry (at_real, subject, name, roles, act, outcome, about, detail)
SELECT CAST(:ends AS timestamptz) - (CAST(:entries AS int) - n) * (interval '365 days' / CAST(:entries AS int)), 'oidc:staff-' || who, 'Staff ' || who,
       CASE WHEN who % 6 = 0 THEN CAST('["supervisor"]' AS jsonb) ELSE '["operator"]' END, act,
       CASE WHEN u < 0.003 THEN 'refused' ELSE 'allowed' END,
       CASE WHEN act IN ('see_call', 'hold_call', 'release_call', 'stop_call', 'change_language') THEN 'ottawa-y' || (1 + floor(u * CAST(:calls AS int)))
            WHEN act IN ('find_calls', 'see_blocked') THEN '/numbers' END,
       CASE WHEN act IN ('hold_call', 'stop_call', 'stop_service', 'set_mode') THEN CAST('{"why": "exercise"}' AS jsonb) ELSE '{}' END
FROM (SELECT n, who, u, CASE WHEN v < 0.70 THEN 'see_call' WHEN v < 0.80 THEN 'find_calls' WHEN v < 0.88 THEN 'sign_in' WHEN v < 0.95 THEN 'sign_out'
             WHEN v < 0.97 THEN 'hold_call' WHEN v < 0.98 THEN 'release_call' WHEN v < 0.99 THEN 'change_language'
             WHEN v < 0.995 THEN 'stop_call' WHEN v < 0.998 THEN 'export_history' WHEN v < 0.9999 THEN 'see_blocked'
             WHEN n % 3 = 0 THEN 'stop_service' WHEN n % 3 = 1 THEN 'start_service' ELSE 'set_mode' END AS act
      FROM (SELECT n, 1 + CAST(floor(random() * 40) AS int) AS who, random() AS u, random() AS v FROM generate_series(1, CAST(:entries AS int)) AS n) AS dice) AS done
ORDER BY n
