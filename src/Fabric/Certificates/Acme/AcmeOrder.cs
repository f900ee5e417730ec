using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Strata.Core;

namespace Strata.Certificates.Acme;

/// <summary>
/// One order, from names to a certificate. <see cref="RunAsync"/> lists its steps. Where one fails the order is given up; the server keeps
/// the proofs that succeeded, so the next order of the same names needs fewer.
/// </summary>
internal sealed class AcmeOrder(
    AcmeSession session, IReadOnlyList<string> names, AsymmetricAlgorithm key, AcmePatience patience, TimeProvider time)
{
    public async Task<Result<AcmeCertificate>> RunAsync(AcmeSigner signer, IAcmeSolver solver, CancellationToken cancellationToken)
    {
        if (!(await PlaceAsync(cancellationToken)).TryGet(out var placed, out var error)) return error;
        var (address, order) = placed;

        var proofs = new AcmeProofs(session, signer.Thumbprint, names, solver, patience, time);
        if ((await proofs.ProveAsync(order.Authorizations, cancellationToken)).Error is { } unproven) return unproven;

        var ready = await UntilAsync(address, AcmeStatus.Ready, "accepting the proofs", cancellationToken);
        if (!ready.TryGet(out order, out error)) return error;
        if ((await FinalizeAsync(order, cancellationToken)).Error is { } refused) return refused;

        var issued = await UntilAsync(address, AcmeStatus.Valid, "issuing the certificate", cancellationToken);
        if (!issued.TryGet(out order, out error)) return error;
        var downloaded = await session.GetAsync(order.Certificate!, cancellationToken);
        return downloaded.Then(reply => AcmeChain.Check(reply, key, names, time.GetUtcNow()));
    }

    private async Task<Result<(Uri Address, AcmeOrderModel Order)>> PlaceAsync(CancellationToken cancellationToken)
    {
        var payload = AcmeSigner.Json(WriteIdentifiers);
        if (!(await session.PostAsync(session.Directory.NewOrder, payload, cancellationToken)).TryGet(out var reply, out var error))
            return error;
        if (reply.Location is not { } address) return AcmeErrors.InvalidAnswer(reply.Address, "the new order has no https Location");
        return AcmeOrderModel.Read(reply).Then<(Uri, AcmeOrderModel)>(order => (address, order));
    }

    private void WriteIdentifiers(Utf8JsonWriter json)
    {
        json.WriteStartArray("identifiers");
        foreach (var name in names)
        {
            json.WriteStartObject();
            json.WriteString("type", "dns");
            json.WriteString("value", name);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private Task<Result<AcmeReply>> FinalizeAsync(AcmeOrderModel order, CancellationToken cancellationToken)
    {
        var request = Base64Url.EncodeToString(AcmeChain.RequestFor(names, key));
        return session.PostAsync(order.Finalize, AcmeSigner.Json(json => json.WriteString("csr", request)), cancellationToken);
    }

    /// <param name="what">What the server does meanwhile, for errors.</param>
    private async Task<Result<AcmeOrderModel>> UntilAsync(Uri address, string status, string what, CancellationToken cancellationToken)
    {
        for (var asked = 1; ; asked++)
        {
            var got = await session.GetAsync(address, AcmeOrderModel.Read, cancellationToken);
            if (!got.TryGet(out var order, out var error)) return error;
            if (order.Status == status) return order;
            if (order.Status == AcmeStatus.Valid) return AcmeErrors.InvalidAnswer(address, "the order is valid before it was finalized");
            // Ready is also what a server may still show for a moment after the order was finalized.
            if (order.Status is not (AcmeStatus.Pending or AcmeStatus.Ready or AcmeStatus.Processing))
                return AcmeErrors.Refused("The ACME server gave up the order", order.Problem);
            if ((await patience.PauseAsync(asked, order.RetryAfter, what, cancellationToken)).Error is { } late) return late;
        }
    }
}
