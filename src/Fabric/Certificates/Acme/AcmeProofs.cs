using Strata.Core;

namespace Strata.Certificates.Acme;

/// <summary>
/// Proves control of the names of one order. All proofs are presented, then announced to the server, which validates them at the same time;
/// then each is waited for, so that the error names every name that failed. However it ends, nothing that was presented stays.
/// </summary>
internal sealed class AcmeProofs(
    AcmeSession session, string thumbprint, IReadOnlyList<string> names, IAcmeSolver solver, AcmePatience patience, TimeProvider time)
{
    /// <summary>All withdrawals together; they also run where the order was cancelled.</summary>
    private static readonly TimeSpan withdrawalPatience = TimeSpan.FromSeconds(30);

    public async Task<Result<Done>> ProveAsync(IReadOnlyList<Uri> authorizations, CancellationToken cancellationToken)
    {
        if (!(await ChooseAsync(authorizations, cancellationToken)).TryGet(out var proofs, out var error)) return error;
        var presented = new List<AcmeChallenge>();
        try
        {
            foreach (var proof in proofs)
            {
                presented.Add(proof.Challenge);
                if ((await solver.PresentAsync(proof.Challenge, cancellationToken)).Error is { } unable) return unable;
            }
            foreach (var proof in proofs)
            {
                if ((await AnnounceAsync(proof, cancellationToken)).Error is { } refused) return refused;
            }
            return await AwaitAsync(proofs, cancellationToken);
        }
        finally
        {
            await WithdrawAsync(presented);
        }
    }

    /// <summary>What is to be proven, and how. Nothing is presented unless there is a way for every name.</summary>
    private async Task<Result<List<Proof>>> ChooseAsync(IReadOnlyList<Uri> authorizations, CancellationToken cancellationToken)
    {
        var proofs = new List<Proof>();
        foreach (var address in authorizations)
        {
            if (!(await session.GetAsync(address, AcmeAuthorization.Read, cancellationToken)).TryGet(out var authorization, out var error))
                return error;
            if (!names.Contains(authorization.Name, StringComparer.OrdinalIgnoreCase))
                return AcmeErrors.InvalidAnswer(address, "it asks for the proof of a name that was not ordered");
            if (authorization.Status == AcmeStatus.Valid) continue; // proven for an earlier order
            if (authorization.Status != AcmeStatus.Pending) return Failed(authorization);
            if (!Choose(authorization).TryGet(out var proof, out error)) return error;
            proofs.Add(proof);
        }
        return proofs;
    }

    private Result<Proof> Choose(AcmeAuthorization authorization)
    {
        var possible = solver.TypesFor(authorization.Name);
        var offer = possible.Select(type => authorization.Offers.FirstOrDefault(o => o.Type == type)).FirstOrDefault(o => o is not null);
        if (offer is null) return AcmeErrors.NoChallenge(authorization.Name, authorization.Offers.Select(o => o.Type), possible);
        var name = authorization.Name.StartsWith("*.", StringComparison.Ordinal) ? authorization.Name[2..] : authorization.Name;
        return AcmeChallenge.Of(name, offer.Type, offer.Token, thumbprint) is { } challenge
            ? new Proof(authorization.Address, authorization.Name, offer, challenge)
            : AcmeErrors.InvalidAnswer(authorization.Address, "the challenge's token is missing, or not base64url");
    }

    private async Task<Result<Done>> AnnounceAsync(Proof proof, CancellationToken cancellationToken)
    {
        // Another order of this account may have announced it; to announce it twice is an error at some servers.
        if (proof.Offer.Status != AcmeStatus.Pending) return new Done();
        return (await session.PostAsync(proof.Offer.Address, "{}"u8.ToArray(), cancellationToken)).Then<Done>(_ => new Done());
    }

    private async Task<Result<Done>> AwaitAsync(List<Proof> proofs, CancellationToken cancellationToken)
    {
        var failed = new List<(string Name, Error Error)>();
        foreach (var proof in proofs)
        {
            var result = await AwaitAsync(proof, cancellationToken);
            if (result.Error is { Code: AcmeErrors.RefusedCode } refused) failed.Add((proof.Name, refused));
            else if (!result.IsOk) return failed.Count > 0 ? Together(failed) : result;
        }
        return failed.Count > 0 ? Together(failed) : new Done();
    }

    private async Task<Result<Done>> AwaitAsync(Proof proof, CancellationToken cancellationToken)
    {
        for (var asked = 1; ; asked++)
        {
            var got = await session.GetAsync(proof.Authorization, AcmeAuthorization.Read, cancellationToken);
            if (!got.TryGet(out var authorization, out var error)) return error;
            if (authorization.Status == AcmeStatus.Valid) return new Done();
            if (authorization.Status != AcmeStatus.Pending) return Failed(authorization with { Name = proof.Name });
            var what = $"the check of {proof.Name} ({proof.Offer.Type})";
            if ((await patience.PauseAsync(asked, authorization.RetryAfter, what, cancellationToken)).Error is { } late) return late;
        }
    }

    private static Error Failed(AcmeAuthorization authorization)
    {
        var type = authorization.Offers.FirstOrDefault(o => o.Problem is not null)?.Type;
        var what = $"{authorization.Name} could not be verified{(type is null ? "" : $" by {type}")}";
        return AcmeErrors.Refused(what, authorization.Problem);
    }

    /// <summary>The first failure; of several, each with its name.</summary>
    private static Error Together(List<(string Name, Error Error)> failed) => failed.Count == 1 ? failed[0].Error
        : failed[0].Error with { Faults = [.. failed.Select(f => new ValidationError(f.Name, f.Error.Message))] };

    private async Task WithdrawAsync(List<AcmeChallenge> presented)
    {
        using var limit = new CancellationTokenSource(withdrawalPatience, time);
        foreach (var challenge in presented)
        {
            try
            {
                await solver.WithdrawAsync(challenge, limit.Token);
            }
            catch (Exception)
            {
                // The others must still be withdrawn, and a certificate that the server grants must not be lost: IAcmeSolver says so.
            }
        }
    }

    /// <param name="Name">As it was ordered.</param>
    private sealed record Proof(Uri Authorization, string Name, AcmeOffer Offer, AcmeChallenge Challenge);
}
