namespace Strata.Api.Tests.BadInputs;

/// <summary>Texts that have broken servers before, already as they stand in a URL.</summary>
internal static class BadText
{
    /// <summary>In place of a name or id: none of these is one.</summary>
    private static readonly string[] PathSegments =
    [
        "..", ".", "..%2f..%2fetc%2fpasswd", "%2e%2e", "%2e%2e%2f", "..%5c..%5c", "%00", "a%00b", "%ff", "%c0%af", "%ed%a0%80",
        "%F0%9F%92%A9", "%0d%0aX-Evil:1", "%0a", "%09", "%20",
        "-1", "0", "1e999", "99999999999999999999999999", "NaN", "null", "undefined", "true", "'", "%22", "'%20OR%20'1'='1", ";drop",
        "$%7Bjndi:ldap%7D", "%7B%7B7*7%7D%7D", "*", "%25", "%2525", "~",
        "UPPER", "-starts", "ends-", "under_score", "dep_", "dep_00000000000000000000000000", "dep_ilouilouilouilouilouilouil",
        "tok_8zzzzzzzzzzzzzzzzzzzzzzzzz", "org_", "prj_%00000000000000000000000",
        "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "00000000-0000-0000-0000-00000000000g", "sha256:",
        "sha256:zz", "sha256:../../x", "sha512:00", "%e2%80%ae", "a%2fb", "con",
    ];

    private static readonly string[] QueryValues =
    [
        "", "%00", "%ff%fe", "%ed%a0%80", "-1", "0", "1e5", "999999999999999999999", "0x10", "+1", "1.5", "NaN", "abc", "%20", "yes",
        "True", "TRUE", "1", "[]", "%7B%7D", "%7B%22", "null", "'", "../..", "%0d%0a",
        "2026-13-45T99:99:99Z", "2026-01-01", "yesterday", "2026-01-01T00:00:00", "0000-00-00T00:00:00Z", "99999-01-01T00:00:00Z",
        "9999999999999", "%F0%9F%92%A9", "==", "AAAA", "%25",
    ];

    public static string Segment(Random random) => random.Next(20) switch
    {
        0 => new string('a', random.Next(64, 4000)),
        1 => string.Concat(Enumerable.Range(0, random.Next(1, 40)).Select(_ => $"%{random.Next(128, 256):x2}")),
        2 => string.Concat(Enumerable.Range(0, random.Next(1, 20)).Select(_ => $"%{random.Next(1, 32):x2}")),
        _ => PathSegments[random.Next(PathSegments.Length)],
    };

    public static string QueryValue(Random random) => random.Next(12) switch
    {
        0 => new string('9', random.Next(20, 3000)),
        1 => new string('%', 1) + "2" + new string('2', random.Next(1, 50)),
        2 => "%5B" + string.Concat(Enumerable.Repeat("%5B", random.Next(1, 500))),
        _ => QueryValues[random.Next(QueryValues.Length)],
    };
}
