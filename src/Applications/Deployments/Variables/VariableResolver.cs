using System.Text;
using Strata.Contracts;
using Strata.Core;
using Strata.Secrets.Values;

namespace Strata.Deployments.Variables;

/// <summary>Puts values in the place of references in variables (<see cref="VariableReference"/>). Safe for concurrent use.</summary>
internal sealed class VariableResolver(SecretReader secrets)
{
    /// <summary>Of all variables that have references together: less than what Linux passes to a program.</summary>
    public const int BytesMax = 1 << 20;

    /// <summary>Why variables could not be resolved now; null: they could.</summary>
    public async ValueTask<Error?> CheckAsync(
        IReadOnlyDictionary<string, string> variables, SecretUser user, CancellationToken cancellationToken)
    {
        foreach (var (variable, name) in SecretsIn(variables))
            if (await secrets.CheckAsync(user, name, cancellationToken) is { } error) return Of(variable, error);
        return null;
    }

    /// <summary>The variables that have references, with their values.</summary>
    public async ValueTask<Result<IReadOnlyDictionary<string, string>>> ResolveAsync(
        IReadOnlyDictionary<string, string> variables, SecretUser user, CancellationToken cancellationToken)
    {
        var values = new Dictionary<string, string>();
        foreach (var (variable, name) in SecretsIn(variables))
        {
            if (!(await secrets.ReadAsync(user, name, cancellationToken)).TryGet(out var value, out var error)) return Of(variable, error);
            values[name] = value;
        }
        var resolved = new Dictionary<string, string>();
        var bytes = 0L;
        foreach (var (name, value) in variables.Where(x => !VariableReference.IsPlain(x.Value)))
        {
            // Its length is known before it is made: a value may name a long secret many times.
            bytes += LengthOf(value, values);
            if (bytes > BytesMax) return TooLarge;
            resolved[name] = VariableReference.Resolve(value, reference => ValueOf(reference, values));
        }
        return resolved;
    }

    /// <summary>Of a kind that cannot be referred to, in a document from before that was checked: the text itself.</summary>
    private static string ValueOf(VariableReference reference, Dictionary<string, string> values) =>
        reference.Kind == VariableReference.Secret ? values[reference.Name] : reference.ToString();

    private static long LengthOf(string value, Dictionary<string, string> values) => Encoding.UTF8.GetByteCount(value)
        + VariableReference.In(value).Sum(reference => (long)Encoding.UTF8.GetByteCount(ValueOf(reference, values)));

    /// <summary>Each secret once, with the first variable that names it.</summary>
    private static IEnumerable<(string Variable, string Secret)> SecretsIn(IReadOnlyDictionary<string, string> variables) =>
        variables.SelectMany(x => VariableReference.In(x.Value), (x, reference) => (Variable: x.Key, Reference: reference))
            .Where(x => x.Reference.Kind == VariableReference.Secret)
            .Select(x => (x.Variable, x.Reference.Name)).DistinctBy(x => x.Name);

    private static Error Of(string variable, Error error) =>
        error with { Message = $"The variable {variable} cannot be set: {error.Message}" };

    private static readonly Error TooLarge = new(
        ErrorKind.Unprocessable, "VARIABLES_TOO_LARGE",
        $"The variables with secrets have more than {BytesMax >> 10} KiB together, which no program can be started with.",
        "Use fewer or shorter secrets.");
}
