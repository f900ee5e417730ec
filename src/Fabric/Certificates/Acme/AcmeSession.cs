using Strata.Core;

namespace Strata.Certificates.Acme;

/// <summary>What an account says to its server.</summary>
internal sealed class AcmeSession(AcmeTransport transport, AcmeDirectory directory, Uri account)
{
    public AcmeDirectory Directory => directory;

    public Task<Result<AcmeReply>> PostAsync(Uri address, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken) =>
        transport.PostAsync(directory.NewNonce, address, account, payload, cancellationToken);

    /// <summary>A POST-as-GET (RFC 8555 section 6.3).</summary>
    public Task<Result<AcmeReply>> GetAsync(Uri address, CancellationToken cancellationToken) =>
        PostAsync(address, ReadOnlyMemory<byte>.Empty, cancellationToken);

    public async Task<Result<T>> GetAsync<T>(Uri address, Func<AcmeReply, Result<T>> read, CancellationToken cancellationToken) =>
        (await GetAsync(address, cancellationToken)).Then(read);
}
