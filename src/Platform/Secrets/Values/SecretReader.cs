using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Resources.Kinds;

namespace Strata.Secrets.Values;

/// <summary>
/// Secrets as applications use them: by their name, in the project and environment that they are for. The caller has decided
/// that the application may have them. Safe for concurrent use.
/// </summary>
public sealed class SecretReader
{
    private readonly ResourceStore<SecretSpec, SecretStatus> secrets;
    private readonly SecretValues values;

    internal SecretReader(ResourceStore<SecretSpec, SecretStatus> secrets, SecretValues values) =>
        (this.secrets, this.values) = (secrets, values);

    /// <summary>Why an application cannot use a secret now; null: it can.</summary>
    public async ValueTask<Error?> CheckAsync(SecretUser user, string name, CancellationToken cancellationToken) =>
        (await FindAsync(user, name, cancellationToken)).Error;

    /// <summary>The newest value.</summary>
    /// <returns>SECRET_NOT_AVAILABLE; SECRET_UNREADABLE.</returns>
    public async ValueTask<Result<string>> ReadAsync(SecretUser user, string name, CancellationToken cancellationToken)
    {
        // Once more: the version that was newest may have been destroyed in between.
        for (var tries = 2; ; tries--)
        {
            if (!(await FindAsync(user, name, cancellationToken)).TryGet(out var secret, out var error)) return error;
            if (await values.ReadAsync(user.Tenant, secret.Id, secret.Status.Versions[0].Key, cancellationToken) is { } value) return value;
            if (tries == 0) return SecretErrors.Unreadable(name);
        }
    }

    private async ValueTask<Result<Resource<SecretSpec, SecretStatus>>> FindAsync(
        SecretUser user, string name, CancellationToken cancellationToken)
    {
        var none = SecretErrors.NoSuch(name, user.Environment);
        if (!ResourceName.IsValid(name)) return none; // which an id is not: a variable names it
        var read = await secrets.GetAsync(new Caller(user.Tenant, "system:variables"), name, AsOf.Latest, cancellationToken);
        if (!read.TryGet(out var secret, out var error)) return error.Kind == ErrorKind.NotFound ? none : error;
        if (secret.Project != user.Project || secret.State != SecretKind.Active) return none;
        if (secret.Labels.TryGetValue(EnvironmentSpec.Label, out var environment) && environment != user.Environment) return none;
        return secret.Status.Versions.Count == 0 ? SecretErrors.Empty(name) : secret;
    }
}

/// <summary>For whom a secret is read.</summary>
/// <param name="Project">Id of the application's project.</param>
/// <param name="Environment">That the application is in; null: none.</param>
public sealed record SecretUser(TenantId Tenant, string Project, string? Environment)
{
    public static SecretUser Of<TSpec, TStatus>(TenantId tenant, Resource<TSpec, TStatus> application) =>
        new(tenant, application.Project!, application.Labels.GetValueOrDefault(EnvironmentSpec.Label));
}
