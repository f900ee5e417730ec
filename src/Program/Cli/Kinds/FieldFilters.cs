using Strata.Cli.Shell;
using Strata.Client;
using Strata.Core;

namespace Strata.Cli.Kinds;

/// <summary>
/// Reads <c>--where FIELD=VALUE</c>. A field that refers to another resource, such as <c>spec.deployment</c>, takes its name as well as its
/// id.
/// </summary>
internal static class FieldFilters
{
    /// <summary>Fields that are not named after the kind that they refer to.</summary>
    private static readonly Dictionary<string, string> KindOfField = new(StringComparer.Ordinal) { ["status.candidate"] = "release" };

    private static readonly string[] Prefixes = ["spec.", "status.", "labels."];

    public static async Task<Dictionary<string, string>> ReadAsync(
        Run run, KindCatalog kinds, IEnumerable<string> conditions, CancellationToken cancellationToken)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in conditions.Select(c => c.Split('=', 2)))
        {
            if (pair.Length < 2)
                throw UsageErrors.Of($"\"{pair[0]}\" is not FIELD=VALUE.", "For example: strata get instances --where spec.deployment=shop")
                    .ToException();
            if (!IsField(pair[0])) throw NoField(pair[0]).ToException();
            if (!fields.TryAdd(pair[0], await ToIdAsync(run, kinds, pair[0], pair[1], cancellationToken)))
                throw UsageErrors.Of($"--where names {pair[0]} twice.", "Give one value for each field.").ToException();
        }
        return fields;
    }

    /// <summary>Others would reach the server as parameters of the list.</summary>
    private static bool IsField(string name) => Prefixes.Any(p => name.StartsWith(p, StringComparison.Ordinal) && name.Length > p.Length);

    private static Error NoField(string name) => name switch
    {
        "state" or "project" => UsageErrors.Of($"--where {name}=VALUE has an option of its own.", $"Use --{name} VALUE."),
        "name" or "id" => UsageErrors.Of($"--where: the {name} of a resource is no field.", "Give it as an argument: strata get KIND/NAME"),
        _ => UsageErrors.Of($"--where: \"{name.Shortened(60)}\" is not a field; fields begin with spec., status. or labels.",
            $"For example: --where spec.{(IsWord(name) ? name.Shortened(60) : "deployment")}=VALUE"),
    };

    private static bool IsWord(string name) => name.Length > 0 && name.All(char.IsAsciiLetterOrDigit);

    private static async Task<string> ToIdAsync(Run run, KindCatalog kinds, string field, string value, CancellationToken cancellationToken)
    {
        var word = KindOfField.GetValueOrDefault(field)
            ?? (field.StartsWith("spec.", StringComparison.Ordinal) || field.StartsWith("status.", StringComparison.Ordinal)
                ? field[(field.IndexOf('.') + 1)..] : "");
        var kind = kinds.All.FirstOrDefault(k => k.Name == word);
        if (kind is null || value.Length == 0 || IdText.TryParse(kind.IdPrefix, value, out _)) return value;
        return (await run.Client.Resources(kind.Plural).GetAsync(value, cancellationToken: cancellationToken)).Id;
    }
}
