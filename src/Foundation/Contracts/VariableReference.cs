using System.Text.RegularExpressions;

namespace Strata.Contracts;

/// <summary>
/// A reference in the value of a variable, such as <c>${secret.db-password}</c>: the value that it stands for is put in its place when an
/// instance starts, so that no document holds it. <c>$${secret.db-password}</c> is that text itself. Other uses of <c>$</c>, such as
/// <c>${HOME}</c> or <c>${server.port}</c>, mean nothing here.
/// </summary>
/// <param name="Secret">Name of a secret.</param>
public sealed partial record VariableReference(string Secret)
{
    private const string Begin = "${secret.";

    /// <summary>The references in a value, each as often as it is there.</summary>
    public static IEnumerable<VariableReference> In(string value) =>
        IsPlain(value) ? [] : Pattern().Matches(value).Where(match => !IsEscaped(match)).Select(Of);

    /// <summary>Whether <see cref="Resolve"/> leaves a value as it is.</summary>
    public static bool IsPlain(string value) => !value.Contains(Begin, StringComparison.Ordinal) || !Pattern().IsMatch(value);

    /// <summary>Whether something begins like a reference and is none.</summary>
    public static bool IsMalformed(string value) =>
        value.Contains(Begin, StringComparison.Ordinal) && Pattern().Replace(value, "").Contains(Begin, StringComparison.Ordinal);

    /// <summary>The value with what its references stand for.</summary>
    public static string Resolve(string value, Func<VariableReference, string> valueOf) =>
        IsPlain(value) ? value : Pattern().Replace(value, match => IsEscaped(match) ? match.Value[1..] : valueOf(Of(match)));

    /// <summary>Variables for a program that gets no secrets: without those that refer to any.</summary>
    public static IReadOnlyDictionary<string, string> WithoutReferences(IReadOnlyDictionary<string, string> variables) =>
        variables.Values.All(IsPlain) ? variables
            : variables.Where(x => !In(x.Value).Any()).ToDictionary(x => x.Key, x => Resolve(x.Value, reference => reference.ToString()));

    /// <summary>The text that <see cref="Resolve"/> makes this value of.</summary>
    public static string Escape(string value) => IsPlain(value) ? value : Pattern().Replace(value, match => "$" + match.Value);

    public override string ToString() => $"${{secret.{Secret}}}";

    private static bool IsEscaped(Match match) => match.Value.StartsWith("$$", StringComparison.Ordinal);

    private static VariableReference Of(Match match) => new(match.Groups[1].Value);

    [GeneratedRegex(@"\$?\$\{secret\.([^${}\s]{1,200})\}")]
    private static partial Regex Pattern();
}
