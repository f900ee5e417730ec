using System.Security.Cryptography;
using System.Text;

namespace Strata.Edge.Routing;

/// <summary>How cookies name a route or an instance: by a part of the digest of its id.</summary>
internal static class CookieMark
{
    public const int Length = 16;

    public static string Of(string id) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id)))[..Length];
}
