using System.ComponentModel;
using System.Diagnostics;
using Strata.Certificates.Acme;
using Strata.Core;

namespace Strata.Certificates.Issuing;

/// <summary>
/// Proves by DNS (dns-01): a program of the operator's sets and removes the records, called as that of lego's provider "exec" is,
/// <c>PROGRAM present|cleanup NAME VALUE</c>. It ends with 0 once the record can be seen. It gets the server's variables that begin with
/// DNS_, for its credentials.
/// </summary>
/// <param name="program">Path; null: this server has none.</param>
internal sealed class DnsHook(string? program, TimeProvider time) : IAcmeSolver
{
    private const int WordsMax = 2000;
    private const int ComplaintMax = 300;
    private const string Variables = "DNS_";

    /// <summary>Until a record can be seen everywhere.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public IReadOnlyList<string> TypesFor(string name) => [AcmeChallenge.Dns];

    public async Task<Result<Done>> PresentAsync(AcmeChallenge challenge, CancellationToken cancellationToken)
    {
        if (program is null) return CertificateErrors.NoDnsHook;
        using var late = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            var end = await RunAsync("present", challenge, either.Token);
            return end.Ok ? new Done() : CertificateErrors.DnsHookFailed(
                challenge.DnsName, $"it ended with {end.ExitCode}: {end.Complaint.Shortened(ComplaintMax)}");
        }
        catch (Win32Exception e)
        {
            return CertificateErrors.DnsHookFailed(challenge.DnsName, e.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return CertificateErrors.DnsHookFailed(challenge.DnsName, $"it took longer than {Patience.TotalMinutes:0} minutes");
        }
    }

    public Task WithdrawAsync(AcmeChallenge challenge, CancellationToken cancellationToken) =>
        program is null ? Task.CompletedTask : RunAsync("cleanup", challenge, cancellationToken);

    private Task<ProcessEnd> RunAsync(string action, AcmeChallenge challenge, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program!, [action, challenge.DnsName + ".", challenge.DnsValue]);
        ChildEnvironment.Restrict(start.Environment, Variables);
        return ProcessRun.RunAsync(start, input: null, WordsMax, cancellationToken);
    }
}
