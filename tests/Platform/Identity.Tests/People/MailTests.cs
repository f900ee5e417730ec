using SmtpServer.Protocol;
using Strata.Api.Tests.Hosting;
using Strata.Core.Background;
using Strata.Entities.Log;
using Strata.Core;
using Strata.Identity.Mail;
using Strata.Storage.Tests.Contract;

namespace Strata.Identity.Tests.People;

/// <summary>What the cloud mails, to a mail server that wants STARTTLS and a password, and what happens while that is away.</summary>
public sealed class MailTests : PeopleContract, IAsyncDisposable
{
    private readonly TestMailServer server = TestMailServer.Start(FreePort.Next());

    public MailTests() : base(new MemoryStore()) => CloudOptions = new IdentityOptions
    {
        PublicUrl = new Uri("http://strata.test"), Mail = new MailOptions
        {
            Host = "localhost", Port = server.Port, Encryption = MailEncryption.StartTls, User = TestMailServer.User,
            Password = TestMailServer.Password, From = "Strata <strata@example.com>", Authorities = server.Authorities,
        },
    };

    protected override IdentityOptions CloudOptions { get; }

    async ValueTask IAsyncDisposable.DisposeAsync()
    {
        await DisposeAsync();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task Invitation_IsMailed_AndTheAddressIsConfirmedByALink()
    {
        var body = """{"spec":{"email":"ada@example.com","roles":["viewer"]}}""";
        var made = await Admin.SendJsonAsync("POST", "/api/v1/invitations", body);
        Assert.True(made.Body.GetProperty("mailed").GetBoolean());
        var link = await server.LinkAsync("ada@example.com", "You are invited to");
        var ada = NewBrowser();
        Assert.StartsWith("Welcome", (await ada.PostAsync(link, null, ("email", "ada@example.com"), ("password", Password))).Title,
            StringComparison.Ordinal);
        Assert.Contains("is not confirmed", (await ada.GetAsync("/account")).Html, StringComparison.Ordinal);
        var confirm = await server.LinkAsync("ada@example.com", "Confirm your e-mail address");
        Assert.Contains("ada@example.com", (await NewBrowser().GetAsync(confirm)).Html, StringComparison.Ordinal);
        Assert.Contains("is not confirmed", (await ada.GetAsync("/account")).Html, StringComparison.Ordinal); // looking is not confirming
        Assert.Equal("Thank you", (await NewBrowser().PostAsync(confirm, null)).Title);
        Assert.Contains("which is confirmed", (await ada.GetAsync("/account")).Html, StringComparison.Ordinal);
        var open = await Admin.SendJsonAsync("POST", "/api/v1/invitations", """{"spec":{"roles":["viewer"]}}""");
        Assert.False(open.Body.GetProperty("mailed").GetBoolean());
    }

    [Fact]
    public async Task Password_ThatWasForgotten_IsSetByALink_Once()
    {
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        await ConfirmAsync("ada@example.com");
        await JoinAsync("bob@example.com", ["viewer"]); // never confirmed: it may be someone else's
        Assert.Contains("Forgot your password?", (await NewBrowser().GetAsync("/sign-in")).Html, StringComparison.Ordinal);
        var known = await NewBrowser().PostAsync("/password", null, ("email", "Ada@Example.com "));
        var unknown = await NewBrowser().PostAsync("/password", null, ("email", "eve@example.com"));
        Assert.Equal(known.Html, unknown.Html);
        Assert.Equal(known.Html, (await NewBrowser().PostAsync("/password", null, ("email", "bob@example.com"))).Html);
        var link = await server.LinkAsync("ada@example.com", "Set a new password");
        Assert.Equal("Sign in", (await NewBrowser().PostAsync(link, null, ("password", "another long one"))).Title);
        Assert.Equal(404, (await NewBrowser().PostAsync(link, null, ("password", "a third long one"))).Status);
        Assert.Equal("Sign in", (await ada.GetAsync("/account")).Title);
        Assert.Equal("/account", (await ada.SignInAsync("ada@example.com", "another long one")).Path);
        await server.LinkAsync("ada@example.com", "A change of your account");
        await NothingWaitsAsync();
        Assert.DoesNotContain(server.Mails, m => m.To.ToString().Contains("eve", StringComparison.Ordinal));
        Assert.DoesNotContain(
            server.Mails, m => m.Subject == "Set a new password" && m.To.ToString().Contains("bob", StringComparison.Ordinal));
    }

    private async Task ConfirmAsync(string email) => Assert.Equal(
        "Thank you", (await NewBrowser().PostAsync(await server.LinkAsync(email, "Confirm your e-mail address"), null)).Title);

    [Fact]
    public async Task Password_IsAskedForAFewTimesOnly()
    {
        await JoinAsync("ada@example.com", ["viewer"]);
        await ConfirmAsync("ada@example.com");
        for (var i = 0; i < 10; i++)
            Assert.Equal(200, (await NewBrowser().PostAsync("/password", null, ("email", "ada@example.com"))).Status);
        Assert.Equal(429, (await NewBrowser().PostAsync("/password", null, ("email", "ada@example.com"))).Status);
        await NothingWaitsAsync();
        Assert.Equal(3, server.Mails.Count(m => m.Subject == "Set a new password"));
    }

    [Fact]
    public async Task Address_ChangesWhenItsLinkIsOpened_AndTheFormerOneIsTold()
    {
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        var former = await server.LinkAsync("ada@example.com", "Confirm your e-mail address");
        Assert.Equal("Look at your mail", (await ada.PostAsync("/account/email", null, ("email", "ada@new.test"))).Title);
        Assert.Contains("ada@example.com", (await ada.GetAsync("/account")).Html, StringComparison.Ordinal);
        var link = await server.LinkAsync("ada@new.test", "Confirm your e-mail address");
        Assert.Equal("Thank you", (await NewBrowser().PostAsync(link, null)).Title);
        Assert.Contains("ada@new.test, which is confirmed", (await ada.GetAsync("/account")).Html, StringComparison.Ordinal);
        await server.LinkAsync("ada@example.com", "A change of your account");
        // A link to the former address brings it back no more, however it was read there.
        Assert.Equal(404, (await NewBrowser().PostAsync(former, null)).Status);
        var bob = await JoinAsync("bob@example.com", ["viewer"]);
        await bob.PostAsync("/account/email", null, ("email", "ada@new.test"));
        await Wait.UntilAsync(() => server.Mails.Count(m => m.To.ToString().Contains("ada@new", StringComparison.Ordinal)) == 2,
            "a second link to the address");
        Assert.Equal(409, (await bob.PostAsync(await server.LinkAsync("ada@new.test", "Confirm"), null)).Status);
    }

    [Fact]
    public async Task Server_ThatIsAway_GetsThemLater_AndShowsAsFailing()
    {
        server.Refusal = new SmtpResponse(SmtpReplyCode.ServiceUnavailable, "4.3.0 try later");
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        var supervisor = Host.Service<Supervisor>();
        await Wait.UntilAsync(
            () => Task.FromResult(supervisor.Report().Any(w => w is { Name: "mail", Failing: > 0 })), "the work shows as failing");
        Assert.Empty(server.Mails);
        Assert.NotEmpty(await Host.Service<MailOutbox>().AllAsync(default));
        Assert.Equal("Your account", (await ada.GetAsync("/account")).Title);
        server.Refusal = null;
        await DueNowAsync();
        await server.LinkAsync("ada@example.com", "Confirm your e-mail address");
        await Wait.UntilAsync(
            () => Task.FromResult(supervisor.Report().Any(w => w is { Name: "mail", Failing: 0 })), "the work is well again");
    }

    [Theory]
    [InlineData("ada@example.com", "Hello\r\nBcc: all@example.com")]
    [InlineData("ada@example.com\r\nBcc: all@example.com", "Hello")]
    [InlineData("ada@example.com, eve@example.com", "Hello")]
    [InlineData("ada@example.com", "")]
    public async Task Mail_WithMoreThanOneLineInItsHead_IsNotKept(string to, string subject)
    {
        Assert.False(await Host.Service<MailOutbox>().TryAddAsync(new OutgoingMail("test", to, subject, "text"), default));
        Assert.Empty(await Host.Service<MailOutbox>().AllAsync(default));
    }

    [Fact]
    public async Task Outbox_HoldsNothingThatCanBeRead_AndGivesUpWhatIsTooOld()
    {
        server.Refusal = new SmtpResponse(SmtpReplyCode.ServiceUnavailable, "4.3.0 try later");
        await Admin.SendJsonAsync("POST", "/api/v1/invitations", """{"spec":{"email":"ada@example.com","roles":["viewer"]}}""");
        await Wait.UntilAsync(async () => (await Host.Service<MailOutbox>().AllAsync(default)) is [{ Mail.Attempts: > 0 }], "it was tried");
        var value = (await Host.Service<IDurableValues>().ListAsync(TenantId.Platform, "mail/", null, 10, default)).Single();
        Assert.DoesNotContain("example.com", value.Value.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("sti_", value.Value.ToString(), StringComparison.Ordinal);
        await DueNowAsync(m => m with { Until = TimeProvider.System.GetUtcNow() });
        await NothingWaitsAsync();
        Assert.Empty(server.Mails);
    }

    [Fact]
    public async Task Recipient_ThatTheServerNeverTakes_IsTriedOnce()
    {
        server.Refusal = new SmtpResponse(SmtpReplyCode.MailboxUnavailable, "5.1.1 no such mailbox");
        await Admin.SendJsonAsync("POST", "/api/v1/invitations", """{"spec":{"email":"ada@example.com","roles":["viewer"]}}""");
        await NothingWaitsAsync();
        Assert.Empty(server.Mails);
    }

    [Fact]
    public async Task Server_OfAnAuthorityThatIsNotTrusted_GetsNothing()
    {
        var options = CloudOptions with { Mail = CloudOptions.Mail! with { Authorities = null } };
        var mail = new OutgoingMail("test", "ada@example.com", "Hello", "text");
        await Assert.ThrowsAnyAsync<Exception>(() => new SmtpDelivery(options, TimeProvider.System).SendAsync(mail, default));
        // The right authority, and another name than the certificate's.
        options = CloudOptions with { Mail = CloudOptions.Mail! with { Host = "127.0.0.1" } };
        await Assert.ThrowsAnyAsync<Exception>(() => new SmtpDelivery(options, TimeProvider.System).SendAsync(mail, default));
        Assert.Empty(server.Mails);
    }

    private Task NothingWaitsAsync() => Wait.UntilAsync(
        async () => (await Host.Service<MailOutbox>().AllAsync(default)).Count == 0, "the outbox is empty");

    private async Task DueNowAsync(Func<WaitingMail, WaitingMail>? change = null)
    {
        var outbox = Host.Service<MailOutbox>();
        foreach (var (name, mail) in await outbox.AllAsync(default))
        {
            var due = mail with { NextAt = TimeProvider.System.GetUtcNow() };
            await outbox.KeepAsync(name, change?.Invoke(due) ?? due, null, default);
        }
    }
}
