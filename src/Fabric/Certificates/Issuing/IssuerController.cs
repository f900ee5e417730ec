using Strata.Certificates.Acme;
using Strata.Certificates.Kinds;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Resources.Controllers;
using Strata.Resources.Kinds;

namespace Strata.Certificates.Issuing;

/// <summary>Sets ACME issuers up: makes the key of the account, then registers it.</summary>
internal sealed class IssuerController(ResourceStore<IssuerSpec, IssuerStatus> store, Issuers issuers, TimeProvider time)
    : Controller<IssuerSpec, IssuerStatus>
{
    private const int MessageMax = 1000;

    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    /// <summary>Where the account is good, and the authority takes no other address.</summary>
    private static readonly TimeSpan LongPause = TimeSpan.FromHours(1);

    /// <summary>In which every edge has read the account's thumbprint, before an authority asks the first question.</summary>
    private static readonly TimeSpan KnownWithin = TimeSpan.FromSeconds(2);

    public override string Name => "issuers";

    public override Kind<IssuerSpec, IssuerStatus> Kind => CertificateKinds.Issuer;

    /// <summary>One after the other, so that all get the same key.</summary>
    public override int Parallelism => 1;

    public override TimeSpan Period => TimeSpan.FromMinutes(10);

    public override async Task<TimeSpan?> ReconcileAsync(Resource<IssuerSpec, IssuerStatus> resource, CancellationToken cancellationToken)
    {
        if (resource.Name == IssuerSpec.Internal) return null;
        if (resource.Spec.Directory is null)
            return await FailAsync(resource, "It has no directory: only \"internal\" is the cloud's own.", cancellationToken);
        if (resource is { State: IssuerStates.Ready, Status.Account: not null } && resource.Status.Email == resource.Spec.Email)
            return null;
        // What a user has changed since then may be what was wrong.
        var rested = time.GetUtcNow() - resource.UpdatedAt;
        var pause = resource is { State: IssuerStates.Ready, Status.Account: not null } ? LongPause : Pause;
        if (resource.Status.Message is not null && resource.UpdatedBy == CallerIn(TenantId.Platform).Actor && rested < pause)
            return pause - rested;
        using var key = issuers.AccountKey();
        if (resource.Status.PrivateKey is null || !issuers.KeyOf(resource).IsOk)
        {
            var status = new IssuerStatus { PrivateKey = issuers.Seal(key, resource.Id), Thumbprint = AcmeClient.ThumbprintOf(key) };
            if (!(await ChangeAsync(resource, _ => status, null, cancellationToken)).TryGet(out resource!, out var lost))
                return lost.Kind is ErrorKind.NotFound or ErrorKind.Conflict ? null : throw lost.ToException();
            await Task.Delay(KnownWithin, time, cancellationToken);
        }
        var registered = await issuers.RegisterAsync(resource, key, cancellationToken);
        if (!registered.TryGet(out var account, out var error)) return await FailAsync(resource, error.Message, cancellationToken);
        await ChangeAsync(resource, s => s with
        {
            Account = account.OriginalString, Email = resource.Spec.Email, Message = null,
        }, "activate", cancellationToken);
        return null;
    }

    private async Task<TimeSpan?> FailAsync(
        Resource<IssuerSpec, IssuerStatus> resource, string message, CancellationToken cancellationToken)
    {
        message = message.Shortened(MessageMax);
        // One that has its account goes on: only what was changed could not be said to the authority.
        var transition = resource is { State: IssuerStates.Ready, Status.Account: not null } ? "activate" : "fail";
        if (resource.Status.Message != message || (transition == "fail" && resource.State != IssuerStates.Failed))
            await ChangeAsync(resource, s => s with { Message = message }, transition, cancellationToken);
        return Pause;
    }

    private ValueTask<Result<Resource<IssuerSpec, IssuerStatus>>> ChangeAsync(
        Resource<IssuerSpec, IssuerStatus> resource, Func<IssuerStatus, IssuerStatus> change, string? transition,
        CancellationToken cancellationToken) =>
        store.ChangeAsync(
            CallerIn(TenantId.Platform), resource.Id, now => now with { Status = change(now.Status) }, transition, null, cancellationToken);
}
