using System.Text;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Tests.Contract;

/// <summary>What every keeper of messages must do.</summary>
public abstract class MessagesContract(IStore store)
{
    private readonly TenantId tenant = Given.Tenant();

    private IMessages Messages => store.Messages;

    [Fact]
    public async Task Save_ThenRead_GivesThePieces()
    {
        var message = New(3);
        await KeepAsync(message, 0, "one");
        await KeepAsync(message, 0, "one");
        await KeepAsync(message, 1, "two");
        Assert.Null(await Messages.FindAsync(tenant, message.Id, default));
        Assert.True(await SaveAsync(message, "three"));
        Assert.Equal(message, await Messages.FindAsync(tenant, message.Id, default));
        Assert.Equal("one two three", string.Join(' ', await Task.WhenAll(Enumerable.Range(0, 3).Select(i => ReadAsync(message, i)))));
        Assert.Null(await ReadAsync(message, 3));
        Assert.Null(await Messages.FindAsync(Given.Tenant(), message.Id, default));
    }

    [Fact]
    public async Task Save_TheSameIdTwice_KeepsTheFirst()
    {
        var message = New(1);
        Assert.True(await SaveAsync(message, "first"));
        Assert.True(await SaveAsync(message, "first") || store is MemoryStore); // sent again after a lost connection
        Assert.False(await SaveAsync(message with { Upload = Upload() }, "second"));
        Assert.Equal("first", await ReadAsync(message, 0));
    }

    [Fact]
    public async Task Drop_RemovesAnUpload_WhichThenCannotBeSaved()
    {
        var message = New(2);
        await KeepAsync(message, 0, "one");
        await Messages.DropAsync(tenant, message.Upload, default);
        Assert.Null(await ReadAsync(message, 0));
        Assert.False(await SaveAsync(message, "two"));
        Assert.Null(await Messages.FindAsync(tenant, message.Id, default));
    }

    [Fact]
    public async Task Delete_RemovesWhatIsThere_AndRemembersTheRequest()
    {
        var (a, b) = (New(1), New(1));
        await SaveAsync(a, "a");
        await SaveAsync(b, "b");
        var request = new RequestOfDeletion(CommitId.New(TimeProvider.System), "print");
        Assert.Equal([a.Id], await Messages.DeleteAsync(tenant, [a.Id, Given.Entity()], request, default));
        Assert.Null(await Messages.FindAsync(tenant, a.Id, default));
        Assert.Null(await ReadAsync(a, 0));
        Assert.Equal("b", await ReadAsync(b, 0));
        var kept = await Messages.FindDeletionAsync(tenant, request.Id, default);
        Assert.Equal(("print", a.Id), (kept!.Fingerprint, Assert.Single(kept.Ids)));
        Assert.Empty(await Messages.DeleteAsync(tenant, [a.Id], new RequestOfDeletion(CommitId.New(TimeProvider.System), "x"), default));
        Assert.Null(await Messages.FindDeletionAsync(tenant, CommitId.New(TimeProvider.System), default));
        Assert.Single(await Messages.DeleteAsync(tenant, [b.Id], null, default));
    }

    private static Guid Upload() => Given.Entity().Value;

    private static Message New(int pieces) => new(Given.Entity(), Upload(), pieces, 11, CommitId.New(TimeProvider.System), JsonText.FromString("""{"b":1,"a":2}"""), "print");

    private async Task KeepAsync(Message message, int position, string text) =>
        await Messages.KeepAsync(tenant, message.Upload, position, Encoding.UTF8.GetBytes(text), default);

    private async Task<bool> SaveAsync(Message message, string last) =>
        await Messages.SaveAsync(tenant, message, Encoding.UTF8.GetBytes(last), default);

    private async Task<string?> ReadAsync(Message message, int position) =>
        await Messages.ReadAsync(tenant, message.Upload, position, default) is { } piece ? Encoding.UTF8.GetString(piece.Span) : null;
}
