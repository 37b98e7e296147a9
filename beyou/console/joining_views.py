"""The staff page of those who want to join: the longest waiting first, several decided at once."""

from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods

from beyou.console.member_views import moderator
from beyou.core.toasts import toast
from beyou.users import joining
from beyou.users.http import MemberRequest


class JoiningForm(forms.Form):
    """Who was ticked, and what the refused read."""

    answer = forms.CharField(
        label="What the refused read",
        required=False,
        max_length=joining.MOST_WORDS,
        help_text="Optional, in the mail as well.",
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": joining.MOST_WORDS}),
    )
    do = forms.ChoiceField(choices=[("let_in", ""), ("refuse", "")])

    def __init__(self, *args: object, members: list[str], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # passed on
        self.members = members
        self.member_ids: list[UUID] = []

    def clean(self) -> None:
        try:
            self.member_ids = [UUID(each) for each in self.members]
        except ValueError:
            raise forms.ValidationError("There is nobody of that id.") from None
        if not 0 < len(self.member_ids) <= joining.SHOWN:
            raise forms.ValidationError(f"Tick between 1 and {joining.SHOWN} people.")


@require_http_methods(["GET", "HEAD", "POST"])
@moderator
def joiners(request: MemberRequest) -> HttpResponse:
    """Those who wait. A POST lets the ticked ones in, or refuses them."""
    form = JoiningForm(
        request.POST if request.method == "POST" else None, members=request.POST.getlist("member")
    )
    if not form.is_valid():
        context = {"form": form, "wishes": joining.waiting(), "ticked": set(form.members)}
        context |= {"count": joining.waiting_count(), "days": joining.REFUSED_FOR.days}
        return render(request, "console/joining.html", context, status=422 if form.is_bound else 200)
    if form.cleaned_data["do"] == "let_in":
        done, left = joining.let_in(actor_id=request.member.pk, member_ids=form.member_ids)
    else:
        answer = form.cleaned_data["answer"]
        done, left = joining.refuse(actor_id=request.member.pk, member_ids=form.member_ids, answer=answer)
    more = f" {left} could not be: they are decided, or gone." if left else ""
    toast(request, f"{done} {'let in' if form.cleaned_data['do'] == 'let_in' else 'refused'}.{more}")
    return redirect("console:joining")


urlpatterns = [path("joining", joiners, name="joining")]
