/* reply_support.h - answers of stekd, one of each kind. */
#ifndef TESTS_REPLY_SUPPORT_H
#define TESTS_REPLY_SUPPORT_H

#define A "0123456789abcdef0123456789abcdef"
#define B "fedcba9876543210fedcba9876543210"
#define COUNTERS \
    "{\"sealed\":1,\"opened\":2,\"renewed\":3,\"full_unknown\":4,\"full_expired\":5," \
    "\"full_revoked\":6,\"full_context\":7,\"full_no_key\":8}"

static const char status_text[] =
    "{\"version\":\"0.1.0\",\"pid\":1,\"started\":1700000000,\"now\":1700000100,\"config\":\"/c\","
    "\"keysets\":[{\"name\":\"www\",\"ring\":\"/run/stek/www.r1\",\"generation\":12,"
    "\"capacity\":1024,\"policy\":{\"rotate\":3600,\"lifetime\":43200,\"patience\":900,"
    "\"max_session\":86400,\"keys\":\"one\"},\"sealing\":{\"name\":\"" A "\",\"since\":1,"
    "\"until\":2},\"next\":{\"name\":\"" B "\",\"seals_from\":3},\"keys\":{\"coming\":1,"
    "\"sealing\":1,\"opening\":11,\"revoked\":0},\"rotations\":5,\"revocations\":1,"
    "\"counters\":" COUNTERS ",\"servers\":[{\"program\":\"nginx\",\"pid\":2,\"started\":1,"
    "\"counters\":" COUNTERS "}],\"last_error\":\"\",\"farm\":{\"well\":true,"
    "\"text\":\"2 hosts\"}}]}";

static const char keys_text[] =
    "{\"keyset\":\"www\",\"now\":9,\"keys\":[{\"name\":\"" A "\",\"state\":\"sealing\","
    "\"made_ms\":1500,\"seals_from\":1,\"seals_until\":2,\"opens_until\":3,\"confirmed\":true,"
    "\"emergency\":false,\"sealed\":10,\"opened\":9}]}";

static const char rotate_text[] = "{\"keyset\":\"www\",\"name\":\"" A "\",\"seals_from\":1}";

static const char revoke_text[] =
    "{\"keyset\":\"www\",\"revoked\":[\"" A "\"],\"fresh\":\"" B "\",\"sealing\":\"" A "\","
    "\"generation\":13}";

static const char fleet_text[] =
    "{\"keyset\":\"www\",\"now\":9,\"farm\":{\"hosts\":2,\"well\":false,\"text\":\"2 "
    "hosts\",\"differing\":1,\"pending\":0,"
    "\"boot_ms\":900,\"looked_boot_ms\":800,\"engines\":["
    "{\"name\":\"etcd\",\"well\":true,\"for\":7,\"text\":\"well\"}],\"records\":{}},\"hosts\":[{"
    "\"id\":"
    "\"0000000000000005\",\"name\":\"web1\",\"version\":\"0.2.0\",\"state\":\"late\",\"self\":"
    "true,\"agrees\":false,\"pending\":false,\"clock_odd\":true,\"heard_ms\":44,\"keys\":2,"
    "\"missing\":1,\"extra\":"
    "0,\"clock_ms\":77,\"holds\":true,\"missing_names\":[\"" A "\"],\"extra_names\":[],"
    "\"engines\":[\"etcd\",\"peers\"]}]}";

#endif
