using Strata.Cli.Shell;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary>Waits until a certificate is issued, or says why it is not.</summary>
internal static class CertificateWait
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(300);

    /// <param name="read">Null: it has not been made yet.</param>
    /// <param name="before">What it was; null: any that is ready will do.</param>
    /// <returns>The command's exit code: <see cref="CommandRunner.Failed"/> where it could not be issued.</returns>
    public static async Task<int> RunAsync(
        Run run, Func<Task<Resource<CertificateSpec, CertificateStatus>?>> read, CertificateStatus? before,
        CancellationToken cancellationToken)
    {
        var begun = run.Terminal.Time.GetTimestamp();
        for (var isSaid = false; run.Terminal.Time.GetElapsedTime(begun) < Patience; isSaid = true)
        {
            if (await read() is { } certificate && EndOf(run, certificate, before) is { } end) return end;
            if (!isSaid) run.Say("Getting a certificate…");
            await Task.Delay(LookEvery, run.Terminal.Time, cancellationToken);
        }
        run.Say("Its certificate is still being issued; see strata domains");
        return CommandRunner.Done;
    }

    /// <returns>Null: it is not decided.</returns>
    private static int? EndOf(Run run, Resource<CertificateSpec, CertificateStatus> certificate, CertificateStatus? before)
    {
        var status = certificate.Status;
        if (certificate.State == CertificateStates.Ready && (before is null || status.Fingerprint != before.Fingerprint))
        {
            run.Say("Its certificate is ready" + (status.IsPublic || certificate.Spec.Own ? "."
                : status.Issuer == IssuerSpec.Internal
                    ? ", of the cloud's own authority. To have this machine trust it: strata ca trust"
                    : $", of {status.Issuer}, which browsers do not know."));
            return CommandRunner.Done;
        }
        if (status.Message is not { } why || (before is not null && (status.Failures, why) == (before.Failures, before.Message)))
            return null;
        if (certificate.State == CertificateStates.Ready && status.Failures == 0)
        {
            run.Say(why); // it is put off
            return CommandRunner.Done;
        }
        if (status.Failures == 0) return null;
        // Not a message that -q takes away: without a certificate there is no HTTPS.
        run.Terminal.Error.WriteLine(run.Hint($"There is no new certificate: {why}"));
        var again = status.RetryAt is { } at ? $" at {TimeText.LineStamp(at)}" : "";
        run.Say($"It is tried again{again}. The name must lead to this cloud's edge, whose port 80 the authority must reach. To try at once: "
            + $"strata certs renew {certificate.Name}");
        return CommandRunner.Failed;
    }
}
