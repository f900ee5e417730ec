using System.Text;
using System.Text.Json;

namespace Strata.Certificates.Acme;

/// <summary>Why an ACME server refused something: a problem document (RFC 7807, RFC 8555 section 6.7).</summary>
/// <param name="Type">Without <c>urn:ietf:params:acme:error:</c>, for example <c>badNonce</c>; null where it is no type of ACME.</param>
/// <param name="Text">
/// For users: the detail and those of subproblems, in one line of at most <see cref="TextCharactersMax"/> characters. Never empty.
/// </param>
/// <param name="Instance">
/// Where a person can resolve it, for example by agreeing to terms: the server's own text, as a rule an address. Null where it names none.
/// </param>
internal sealed record AcmeProblem(string? Type, string Text, string? Instance)
{
    public const int TextCharactersMax = 500;
    private const string Prefix = "urn:ietf:params:acme:error:";
    private const int SubproblemsMax = 10;
    private const int TypeCharactersMax = 60;

    /// <returns>Null where the element is not a problem document.</returns>
    public static AcmeProblem? Read(JsonElement? element)
    {
        if (element is not { ValueKind: JsonValueKind.Object } problem) return null;
        var type = problem.Text("type");
        var text = new StringBuilder(problem.Line("detail") ?? problem.Line("title") ?? problem.Line("type"));
        foreach (var sub in problem.Items("subproblems").Take(SubproblemsMax))
        {
            if (text.Length > 0) text.Append("; ");
            if (sub.Member("identifier")?.Line("value") is { } name) text.Append(name).Append(": ");
            text.Append(sub.Line("detail") ?? sub.Line("type"));
        }
        return text.Length == 0 ? null : new AcmeProblem(
            Short(type), AcmeJson.OneLine(text.ToString(), TextCharactersMax), problem.Line("instance"));
    }

    private static string? Short(string? type)
    {
        if (type is null || !type.StartsWith(Prefix, StringComparison.Ordinal)) return null;
        var name = type[Prefix.Length..];
        return name.Length <= TypeCharactersMax && name.All(char.IsAsciiLetterOrDigit) ? name : null;
    }
}
