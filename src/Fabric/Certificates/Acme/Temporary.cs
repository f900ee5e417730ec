using System.Security.Cryptography;
using Strata.Core;
namespace Strata.Certificates.Acme;
internal sealed class AcmeClient(HttpClient http, Uri directory, ECDsa accountKey, TimeProvider time)
{
    public static string ThumbprintOf(ECDsa accountKey) => accountKey.ToString()!;
    public Task<Result<Uri>> RegisterAsync(AcmeContact contact, CancellationToken ct) => throw new NotSupportedException(contact.ToString() + http + directory + accountKey + time + ct);
    public Task<Result<AcmeCertificate>> OrderAsync(Uri account, IReadOnlyList<string> names, AsymmetricAlgorithm certificateKey, IAcmeSolver solver, CancellationToken ct) => throw new NotSupportedException(account.ToString() + names + certificateKey + solver + ct);
}
internal sealed record AcmeContact(string? Email, bool AgreesToTerms);
internal sealed record AcmeCertificate(string ChainPem);
internal sealed record AcmeChallenge(string Name);
internal interface IAcmeSolver
{
    IReadOnlyList<string> TypesFor(string name);
    Task<Result<Done>> PresentAsync(AcmeChallenge challenge, CancellationToken ct);
    Task WithdrawAsync(AcmeChallenge challenge, CancellationToken ct);
}
internal static class AcmeHttp { public static HttpClient Create(string? roots) => new() { Timeout = TimeSpan.FromSeconds(roots is null ? 1 : 2) }; }
