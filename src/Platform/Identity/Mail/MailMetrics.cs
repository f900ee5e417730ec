using System.Diagnostics.Metrics;

namespace Strata.Identity.Mail;

/// <summary>How many mails went out, did not, and wait.</summary>
internal sealed class MailMetrics : IDisposable
{
    public const string Sent = "sent";

    /// <summary>Tried in vain; it is tried again.</summary>
    public const string Failed = "failed";

    /// <summary>Tried for as long as it was of use.</summary>
    public const string GivenUp = "given_up";

    /// <summary>The server does not take it, and will not.</summary>
    public const string Refused = "refused";

    public const string Dropped = "dropped";

    private readonly Meter meter = new("Strata.Identity");
    private readonly Counter<long> mails;
    private long waiting;

    public MailMetrics()
    {
        mails = meter.CreateCounter<long>(
            "strata.identity.mails", null, "Mails by kind and outcome: sent, failed (tried again), given_up, refused, dropped.");
        meter.CreateObservableGauge(
            "strata.identity.mails.waiting", () => Volatile.Read(ref waiting), null, "Mails that the mail server has not taken yet.");
    }

    public void Count(string kind, string outcome) =>
        mails.Add(1, KeyValuePair.Create("kind", (object?)kind), KeyValuePair.Create("outcome", (object?)outcome));

    public void Waiting(long count) => Volatile.Write(ref waiting, count);

    public void Dispose() => meter.Dispose();
}
