using System.Text;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Resources.Kinds;
using Strata.Secrets.Values;

namespace Strata.Deployments.Variables;

/// <summary>Puts values in the place of references in variables (<see cref="VariableReference"/>). Safe for concurrent use.</summary>
internal sealed class VariableResolver(SecretReader secrets, ResourceStore<ProjectSpec, Nothing> projects)
{
    /// <summary>
    /// Of the variables that have references, together: each instance holds them in memory, and a node has many instances.
    /// </summary>
    public const int BytesMax = 512 << 10;

    /// <summary>Of one variable with its name: what Linux passes to a program. Source: MAX_ARG_STRLEN in execve(2).</summary>
    private const int VariableBytesMax = (128 << 10) - 2;

    /// <summary>Why variables could not be resolved now; null: they could.</summary>
    public async ValueTask<Error?> CheckAsync(
        IReadOnlyDictionary<string, string> variables, SecretUser user, CancellationToken cancellationToken)
    {
        foreach (var (variable, name) in SecretsIn(variables))
        {
            if (await secrets.CheckAsync(user, name, cancellationToken) is { } error)
                return await OfAsync(variable, user, error, cancellationToken);
        }
        return null;
    }

    /// <summary>The variables that have references, with their values.</summary>
    public async ValueTask<Result<IReadOnlyDictionary<string, string>>> ResolveAsync(
        IReadOnlyDictionary<string, string> variables, SecretUser user, CancellationToken cancellationToken)
    {
        var values = new Dictionary<string, string>();
        var bytes = 0L;
        foreach (var (variable, name) in SecretsIn(variables))
        {
            if (!(await secrets.ReadAsync(user, name, cancellationToken)).TryGet(out var value, out var error))
                return await OfAsync(variable, user, error, cancellationToken);
            if ((bytes += Encoding.UTF8.GetByteCount(value)) > BytesMax) return TooLarge;
            values[name] = value;
        }
        var resolved = new Dictionary<string, string>();
        bytes = 0;
        foreach (var (name, value) in variables.Where(x => !VariableReference.IsPlain(x.Value)))
        {
            // Its length is known before it is made: a value may name a long secret many times.
            var length = Encoding.UTF8.GetByteCount(name) + Encoding.UTF8.GetByteCount(value)
                + VariableReference.In(value).Sum(reference => (long)Encoding.UTF8.GetByteCount(values[reference.Secret]));
            if (length > VariableBytesMax) return VariableTooLarge(name);
            if ((bytes += length) > BytesMax) return TooLarge;
            resolved[name] = VariableReference.Resolve(value, reference => values[reference.Secret]);
        }
        return resolved;
    }

    /// <summary>Each secret once, with the first variable that names it.</summary>
    private static IEnumerable<(string Variable, string Secret)> SecretsIn(IReadOnlyDictionary<string, string> variables) =>
        variables.SelectMany(x => VariableReference.In(x.Value), (x, reference) => (x.Key, reference.Secret)).DistinctBy(x => x.Secret);

    /// <summary>The next step is read later, and perhaps by someone whose commands mean another project.</summary>
    private async ValueTask<Error> OfAsync(string variable, SecretUser user, Error error, CancellationToken cancellationToken)
    {
        var project = await projects.GetAsync(new Caller(user.Tenant, "system:variables"), user.Project, AsOf.Latest, cancellationToken);
        var next = project.IsOk ? error.NextStep?.Replace("strata secrets set ", $"strata secrets set -p {project.Value.Name} ",
            StringComparison.Ordinal) : error.NextStep;
        return error with { Message = $"The variable {variable} cannot be set: {error.Message}", NextStep = next };
    }

    private const string TooLargeCode = "VARIABLES_TOO_LARGE";

    private static readonly Error TooLarge = new(
        ErrorKind.Unprocessable, TooLargeCode, $"The variables with secrets have more than {BytesMax >> 10} KiB together.",
        "Use fewer or shorter secrets.");

    private static Error VariableTooLarge(string variable) => new(
        ErrorKind.Unprocessable, TooLargeCode,
        $"The variable {variable} has more than 128 KiB with its secrets, which no program can be started with.",
        "Use fewer or shorter secrets.");
}
